/** The outcome of `prov conform`, and its exit status. Pure. */

import { ERRORS } from '../errors.ts'
import type { CaseEnd, PlannedCase } from './messages.ts'

export type CaseRow = PlannedCase & CaseEnd

export interface ConformReport {
  /** 0: all that ran passed; 3: a line failed; 5: no line passed, so nothing is proven. */
  readonly exit: 0 | 3 | 5
  /** As it was named. */
  readonly file: string
  /** The backend's own name. */
  readonly backend: string
  readonly cases: readonly CaseRow[]
  readonly counts: Readonly<Record<CaseEnd['result'], number>>
}

/**
 * The report of these rows. Gaps and lines that were not run prove nothing, nor does a kind that is not kept.
 *
 * @example conformReport('./mine.js', 'mine', []).exit // 5
 */
export function conformReport(file: string, backend: string, cases: readonly CaseRow[]): ConformReport {
  const count = (result: CaseEnd['result']): number => cases.filter((row) => row.result === result).length
  const counts = { pass: count('pass'), fail: count('fail'), gap: count('gap'), not_run: count('not_run') }
  const proven = cases.some((row) => row.result === 'pass' && row.line !== undefined)
  const exit = counts.fail > 0 ? ERRORS.copy_malformed.exit : proven ? 0 : ERRORS.nothing_verified.exit
  return { exit, file, backend, cases, counts }
}
