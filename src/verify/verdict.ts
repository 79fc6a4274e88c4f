/** From marks to an exit status: what is required, what is optional, and that nothing checked is never success. Pure. */

import { ERRORS, type ErrorJson, gravest } from '../errors.ts'
import type { Agreement, Mark, Row } from './agree.ts'

export interface Demands {
  /** Backends whose absence or outage is reported but forgiven. */
  readonly optional: readonly string[]
  /** Enough backends that hold a copy that verifies and agrees; undefined: every backend that is not optional. */
  readonly require?: number
  /** Backends that are a record and no store: their copies never count for `require`. */
  readonly records?: readonly string[]
  /** Strangers count as findings. */
  readonly strict: boolean
}

export interface Verdict {
  readonly exit: number
  /** Every finding that made the exit status, the gravest first. */
  readonly findings: readonly ErrorJson[]
  /** Backends that hold a copy that verifies and agrees in every slot of theirs. */
  readonly holding: readonly string[]
}

/** The exit status that a mark asks for. */
export const EXIT_OF: Readonly<Record<Mark, number>> = {
  '=': 0,
  '~': 0,
  x: 0,
  '*': ERRORS.drift.exit,
  '#': ERRORS.signature_invalid.exit,
  '+': ERRORS.absent.exit,
  '!': ERRORS.unreachable.exit,
}

/**
 * The verdict over one artifact's rows.
 *
 * @example verdictOf(agreement, { optional: [], strict: false }).exit // 5
 */
export function verdictOf(agreement: Agreement, demands: Demands): Verdict {
  const { rows } = agreement
  const names = [...new Set(rows.map((row) => row.backend))]
  const holding = names.filter((name) => holds(rows.filter((row) => row.backend === name)))
  const counting = holding.filter((name) => demands.records?.includes(name) !== true)
  const enough = demands.require !== undefined && counting.length >= demands.require
  const counted = rows.filter(
    (row) => EXIT_OF[row.mark] !== 0 && !(isForgivable(row) && (enough || isOptional(row, demands))),
  )
  const findings = counted.map((row) => ({ exit: EXIT_OF[row.mark], error: findingOf(row) }))
  // Optional or not: an artifact and format of which no copy verifies is never success.
  const kept = rows.filter((row) => row.mark !== 'x')
  const formats = kept.length === 0 ? [undefined] : [...new Set(kept.map((row) => row.format))]
  for (const format of formats) {
    const own = kept.filter((row) => row.format === format)
    if (!own.some((row) => row.mark === '=' || row.mark === '~' || row.mark === '*'))
      findings.push(nothingVerified(own))
  }
  if (demands.require !== undefined && !enough && findings.length === 0) {
    const message = `${counting.length} of the ${demands.require} backends asked for hold a copy that agrees`
    findings.push({ exit: ERRORS.absent.exit, error: { code: 'absent', message } })
  }
  if (demands.strict) for (const error of agreement.strangers) findings.push({ exit: ERRORS.stranger.exit, error })
  const exit = gravest(findings.map((finding) => finding.exit))
  findings.sort((a, b) => (a.exit === exit ? 0 : 1) - (b.exit === exit ? 0 : 1))
  return { exit, findings: findings.map((finding) => finding.error), holding }
}

function holds(rows: readonly Row[]): boolean {
  return rows.length > 0 && rows.every((row) => row.mark === '=' || row.mark === '~')
}

function isForgivable(row: Row): boolean {
  return row.mark === '+' || row.mark === '!'
}

function isOptional(row: Row, demands: Demands): boolean {
  return demands.optional.includes(row.backend)
}

function findingOf(row: Row): ErrorJson {
  const { code, message } = row.error ?? { code: 'internal' as const, message: `mark ${row.mark} without a reason` }
  return { ...row.error, code, message, backend: row.backend, ...locationOf(row) }
}

function locationOf(row: Row): { location?: string } {
  const location = row.location ?? row.slot
  return location === undefined ? {} : { location }
}

function nothingVerified(rows: readonly Row[]): { exit: number; error: ErrorJson } {
  const unread = rows.find((row) => row.mark === '!')
  const message = 'not one copy was found and verified'
  if (unread === undefined) return { exit: ERRORS.nothing_verified.exit, error: { code: 'nothing_verified', message } }
  return {
    exit: EXIT_OF['!'],
    error: { ...findingOf(unread), message: `${message}: ${unread.error?.message ?? 'a backend was not readable'}` },
  }
}
