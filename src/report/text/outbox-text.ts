/** What is owed, for people: a line a delivery, or sums by backend. */
import type { ErrorJson } from '../../errors.ts'
import { ageText, timeText } from '../../platform/text/time-text.ts'
import { OPEN } from '../../truth/states.ts'
import type { Delivery } from '../../truth/truth.ts'
import type { Machine } from '../../truth/worker-beat.ts'
import { errorLine, type Layout, page } from './verify-text.ts'

/** Not a state of the delivery, but of its entry, which comes before it. */
export const QUARANTINED = 'quarantined'

/** A delivery as --json prints it. */
export interface ShownDelivery {
  readonly id: number
  readonly uri: string
  /** Its uid. */
  readonly run?: string
  readonly format: string
  readonly target: string
  readonly slotKey: string
  readonly state: string
  readonly required: boolean
  readonly attempts: number
  readonly due: string
  readonly host?: string
  /** When that machine was last seen, RFC 3339; of what is still owed. */
  readonly hostSeen?: string
  readonly error?: ErrorJson
}

/** What `prov outbox ls --json` and the service print of it. */
export interface DeliveryJson extends ShownDelivery {
  readonly changed: string
  /** Of a quarantined entry: the state of the delivery. */
  readonly deliveryState?: string
  readonly location?: string
}

/**
 * When each machine was last seen, RFC 3339.
 *
 * @param now milliseconds since the epoch
 *
 * @example seenAt(await truth.machines(), Date.now()).get('build-7') // '2026-11-28T00:11:23.825Z'
 */
export function seenAt(machines: readonly Machine[], now: number): ReadonlyMap<string, string> {
  return new Map(machines.map(({ host, seenMs }) => [host, timeText(now - seenMs)]))
}

/**
 * A row as JSON has it: times in RFC 3339.
 *
 * @param seen of {@link seenAt}
 *
 * @example shownDelivery(row, new Map()).state // 'pending'
 */
export function shownDelivery(
  { seq: _seq, entryState, due, changed, lane: _lane, receipt, ...row }: Delivery,
  seen: ReadonlyMap<string, string>,
): DeliveryJson {
  const isOut = entryState === QUARANTINED
  const hostSeen = OPEN.includes(row.state) ? seen.get(row.host ?? '') : undefined
  return {
    ...row,
    state: isOut ? QUARANTINED : row.state,
    ...(isOut ? { deliveryState: row.state } : {}),
    ...(hostSeen === undefined ? {} : { hostSeen }),
    due: timeText(due),
    changed: timeText(changed),
    ...(receipt === undefined ? {} : { location: receipt.location }),
  }
}

/** @example deliveryText(row, layout) // '17 pending oci ghcr.io/acme/app:sha256-….att …\n' */
export function deliveryText(row: ShownDelivery, layout: Layout): string {
  const { id, state, target, slotKey, required, attempts, due, host, hostSeen, error } = row
  const what =
    target === 'seal' ? `mark as signed in ${slotKey} of the run ${row.run ?? row.uri}` : `${target} ${slotKey}`
  const facts = [
    ...(required || target === 'seal' ? [] : ['optional']),
    ...(attempts === 0 ? [] : [`${attempts} ${attempts === 1 ? 'try' : 'tries'}`]),
    ...(state === 'pending' ? [`due ${due.slice(0, 19)}Z`] : []),
    ...(host === undefined || hostSeen !== undefined ? [] : [`only on ${host}`]),
    ...(hostSeen === undefined
      ? []
      : [`only machine ${host} can deliver this; it was last seen ${hostSeen.slice(0, 19)}Z`]),
  ]
  const more = facts.length === 0 ? '' : ` (${facts.join(', ')})`
  return page([`${id} ${state} ${what}${more}`, ...(error === undefined ? [] : [`  ${errorLine(error)}`])], layout)
}

/** @example backlogText(counts, backlog, layout) // 'oci  12 pending, 3 done; oldest 2 h\n' */
export function backlogText(
  counts: readonly { readonly target: string; readonly state: string; readonly rows: number }[],
  backlog: readonly {
    readonly target: string
    readonly state: string
    readonly rows: number
    readonly oldestMs: number
  }[],
  layout: Layout,
): string {
  const targets = [...new Set(counts.map(({ target }) => target))]
  const lines = targets.map((name) => {
    const own = counts.filter(({ target }) => target === name).map(({ state, rows }) => `${rows} ${state}`)
    const owed = backlog.filter(({ target }) => target === name)
    const out = owed.find(({ state }) => state === 'quarantined')
    const oldest = Math.max(0, ...owed.map(({ oldestMs }) => oldestMs))
    const age = owed.length === 0 ? '' : `; oldest ${ageText(oldest)}`
    const what = name === 'seal' ? 'marks as signed' : name
    return `${what}: ${own.join(', ')}${out === undefined ? '' : ` (${out.rows} of quarantined entries)`}${age}`
  })
  return page(lines.length === 0 ? ['nothing was ever committed'] : lines, layout)
}
