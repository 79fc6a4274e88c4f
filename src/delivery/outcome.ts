/** From what a delivery came to, to what becomes of its row. Pure: chance is an argument. */
import type { CopyReceipt } from '../backend/receipt.ts'
import type { ErrorCode, ErrorJson } from '../errors.ts'
import { waitAfter } from '../truth/due.ts'
import type { Claimed, Outcome } from '../truth/truth.ts'

/** What waiting does not heal: somebody has to decide. Refused credentials do heal: they get replaced. */
const HELD: readonly ErrorCode[] = [
  'occupied',
  'drift',
  'entry_too_large',
  'not_supported',
  'config_invalid',
  'host_refused',
]

/** What is the fault of the backend or of the way there, so that its other deliveries would fail alike. */
const LANE: readonly ErrorCode[] = ['unreachable', 'timed_out', 'throttled', 'server_error', 'denied']

/** The cluster has to say twice, this far apart, that a run does not exist. */
const GONE_MS = 60_000

/**
 * Whether the lane's other deliveries would fail alike. Refused credentials are a matter of one repository where the lane is a host with many.
 *
 * @example isLaneFault({ code: 'denied', message }, 'oci/ghcr.io') // false
 */
export function isLaneFault({ code }: ErrorJson, lane: string): boolean {
  return LANE.includes(code) && !(code === 'denied' && lane.includes('/'))
}

/**
 * What becomes of the row. A fault of the lane does not count as one of the row's attempts.
 *
 * @example outcomeOf(row, receipt, Math.random()).state // 'done'
 */
export function outcomeOf(
  row: Pick<Claimed, 'attempts' | 'error' | 'lane'>,
  receipt: CopyReceipt,
  chance: number,
): Outcome {
  if (receipt.confirmed || receipt.outcome === 'accepted') return { state: 'done', receipt }
  const error = receipt.error ?? { code: 'incomplete', message: 'the copy was not confirmed' }
  if (HELD.includes(error.code)) return { state: 'held', error }
  if (error.code === 'aborted') return { state: 'pending', afterMs: 0, untried: true }
  if (error.code === 'run_not_found') {
    return row.error?.code === 'run_not_found'
      ? { state: 'gone', error }
      : { state: 'pending', afterMs: GONE_MS, error }
  }
  const afterMs = waitAfter(row.attempts, { chance, retryAfterMs: error.retryAfterMs })
  return { state: 'pending', afterMs, error, untried: isLaneFault(error, row.lane) }
}
