/** The statements over a database, as the port wants them. */
import { commit, find } from './commit.ts'
import { claim, inspect, renew, settle } from './deliveries.ts'
import { artifacts, page, quarantine, release, stored, storedById } from './entries.ts'
import { impact } from './impact.ts'
import { held, importEntry, imported, indexed, refuse } from './import.ts'
import { laneFailed, laneOpen, lanes, laneWell, nextDue, pausedLanes } from './lanes.ts'
import { beat, leave, machines, workers } from './machines.ts'
import { backlog, count, drop, list, owed, retry } from './outbox.ts'
import { forget, prunable, prune, pruned } from './prune.ts'
import { reach, search, standing } from './search.ts'
import type { Database } from './sql.ts'
import { termPagesOver } from './termed-entries.ts'
import type { Truth } from './truth.ts'

/** @example const truth = truthOver(await openSqlite('truth.db', { make: false })) */
export function truthOver(db: Database): Truth {
  return {
    engine: db.engine,
    ...termPagesOver(db),
    commit: (items) => commit(db, items),
    find: (uri, format) => find(db.query, uri, format),
    pruned: (uri, format) => pruned(db.query, uri, format),
    stored: (uri) => stored(db, uri),
    storedById: (id) => storedById(db, id),
    artifacts: (after, limit) => artifacts(db, after, limit),
    claim: (wanted) => claim(db, wanted),
    renew: (claims, leaseMs) => renew(db, claims, leaseMs),
    settle: (one, outcome) => settle(db, one, outcome),
    page: (after, limit) => page(db, after, limit),
    quarantine: (seq, reason) => quarantine(db, seq, reason),
    release: (seq) => release(db, seq),
    lanes: (targets, host) => lanes(db, targets, host),
    pausedLanes: () => pausedLanes(db),
    nextDue: (wanted) => nextDue(db, wanted),
    ...(db.listen === undefined ? {} : { listen: db.listen }),
    laneFailed: (lane, error, chance, rows = 1) => laneFailed(db, lane, error, chance, rows),
    laneWell: (lane) => laneWell(db, lane),
    laneOpen: (lane, leaseMs) => laneOpen(db, lane, leaseMs),
    list: (filter) => list(db, filter),
    inspect: (ids) => inspect(db, ids),
    count: () => count(db),
    backlog: () => backlog(db),
    owed: () => owed(db),
    prunable: (olderThanMs, after, limit) => prunable(db, olderThanMs, after, limit),
    prune: (seq) => prune(db, seq),
    forget: (run) => forget(db, run),
    retry: (ids) => retry(db, ids),
    drop: (ids, who, reason) => drop(db, ids, who, reason),
    search: (terms, after, limit) => search(db, terms, after, limit),
    reach: () => reach(db),
    standing: (seqs) => standing(db, seqs),
    impact: (terms, most) => impact(db, terms, most),
    holding: (entry) => held(db.query, entry),
    import: (one) => importEntry(db, one),
    imported: (uri, format) => imported(db, uri, format),
    indexed: (id) => indexed(db, id),
    refuse: (items) => refuse(db, items),
    beat: (worker) => beat(db, worker),
    leave: (holder) => leave(db, holder),
    workers: (withinMs) => workers(db, withinMs),
    machines: () => machines(db),
    close: () => db.close(),
  }
}
