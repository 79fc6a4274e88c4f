/** The statements over a database, as the port wants them. */
import { commit, find } from './commit.ts'
import { claim, renew, settle } from './deliveries.ts'
import { page, quarantine, release } from './entries.ts'
import { laneFailed, laneOpen, lanes, laneWell } from './lanes.ts'
import { beat, count, drop, leave, list, retry, workers } from './outbox.ts'
import type { Database } from './sql.ts'
import type { Truth } from './truth.ts'

/** @example const truth = truthOver(await openSqlite('truth.db', { make: false })) */
export function truthOver(db: Database): Truth {
  return {
    engine: db.engine,
    commit: (items) => commit(db, items),
    find: (uri, format) => find(db.query, uri, format),
    claim: (wanted) => claim(db, wanted),
    renew: (claims, leaseMs) => renew(db, claims, leaseMs),
    settle: (one, outcome) => settle(db, one, outcome),
    page: (after, limit) => page(db, after, limit),
    quarantine: (seq, reason) => quarantine(db, seq, reason),
    release: (seq) => release(db, seq),
    lanes: (targets, host) => lanes(db, targets, host),
    laneFailed: (lane, error, chance) => laneFailed(db, lane, error, chance),
    laneWell: (lane) => laneWell(db, lane),
    laneOpen: (lane, leaseMs) => laneOpen(db, lane, leaseMs),
    list: (filter) => list(db, filter),
    count: () => count(db),
    retry: (ids) => retry(db, ids),
    drop: (ids, who, reason) => drop(db, ids, who, reason),
    beat: (worker) => beat(db, worker),
    leave: (holder) => leave(db, holder),
    workers: (withinMs) => workers(db, withinMs),
    close: () => db.close(),
  }
}
