/** What a migration came to: counted as it goes, with flat memory, and printed. */
import type { ErrorCode, ErrorJson } from '../../errors.ts'
import { ERRORS, gravest } from '../../errors.ts'
import type { Moved, MoveOutcome } from '../../migrate/migrate.ts'
import { type Layout, page } from './verify-text.ts'

export interface MoveSummary {
  readonly exit: number
  readonly from: string
  readonly to: readonly string[]
  readonly counts: Readonly<Record<MoveOutcome, number>>
  /** Moved although no signature verifies (--include-unverified). */
  readonly unverified: number
  readonly removed: number
  /** Bytes of the copies that were written, or with --dry-run would be, in their native form. */
  readonly bytes: number
  /** How often each code came up, of entries left behind and failed. */
  readonly codes: Readonly<Partial<Record<ErrorCode, number>>>
  /** How often each backend was at fault. */
  readonly errors: Readonly<Record<string, number>>
  /** How many of the entries that went elsewhere each target keeps nothing of. */
  readonly notKept: Readonly<Record<string, number>>
}

export interface MoveTally {
  add(moved: Moved): void
  /** `complete`: the source was read to its end. */
  summary(complete: boolean, mayBeEmpty: boolean): MoveSummary
}

/** @example const tally = moveTally('oci', ['docdb']); tally.add(moved); tally.summary(true, false).exit */
export function moveTally(from: string, to: readonly string[]): MoveTally {
  const counts = { moved: 0, unchanged: 0, planned: 0, left: 0, failed: 0, filtered: 0 }
  const codes: Partial<Record<ErrorCode, number>> = {}
  const errors: Record<string, number> = {}
  const notKept: Record<string, number> = {}
  const exits = new Set<number>()
  let unverified = 0
  let removed = 0
  let bytes = 0
  return {
    add(moved) {
      counts[moved.outcome]++
      if (moved.removed) removed++
      if (!moved.verified && (moved.outcome === 'moved' || moved.outcome === 'unchanged')) unverified++
      for (const copy of moved.copies) bytes += copy.outcome === 'failed' ? 0 : (copy.bytes ?? 0)
      if (moved.outcome !== 'left') for (const name of moved.notKept) notKept[name] = (notKept[name] ?? 0) + 1
      if (moved.outcome !== 'left' && moved.outcome !== 'failed') return
      if (moved.error !== undefined) codes[moved.error.code] = (codes[moved.error.code] ?? 0) + 1
      const name = moved.error?.backend ?? from
      if (moved.outcome === 'failed') errors[name] = (errors[name] ?? 0) + 1
      exits.add(exitOf(moved))
    },
    summary(complete, mayBeEmpty) {
      const seen = Object.values(counts).reduce((sum, n) => sum + n, 0)
      if (seen === 0 && complete && !mayBeEmpty) exits.add(ERRORS.absent.exit)
      if (!complete) exits.add(ERRORS.aborted.exit)
      const exit = gravest(exits)
      return { exit, from, to, counts: { ...counts }, unverified, removed, bytes, codes, errors, notKept }
    },
  }
}

/** What was read and does not verify is 3; what could not be read 6; whatever is not where it should be is 7. */
function exitOf({ outcome, copies, error }: Moved): number {
  const exit = error === undefined ? ERRORS.incomplete.exit : ERRORS[error.code].exit
  const isRead = outcome === 'failed' && copies.length === 0 && exit === ERRORS.unreachable.exit
  return isRead || (outcome === 'left' && exit === ERRORS.stranger.exit) ? exit : ERRORS.incomplete.exit
}

/** One entry that was not moved, or with --verbose any: where it is and why. */
export function movedText(moved: Moved, layout: Layout): string {
  const { outcome, location, artifact, format, error, copies } = moved
  const mark = moved.verified || outcome === 'left' || outcome === 'failed' ? '' : ' (does not verify)'
  const what = artifact === undefined ? '' : ` ${artifact}${format === undefined ? '' : `, ${format}`}`
  const why = error === undefined ? [] : [`    ${errorText(error)}`]
  const where = copies.filter((copy) => copy.outcome !== 'failed').map((copy) => `    ${copy.outcome} ${copy.location}`)
  return page([`  ${outcome}${mark}:${what}`, `    from ${location}`, ...where, ...why], layout)
}

/** The end of the report. */
export function summaryText(summary: MoveSummary, layout: Layout, dryRun: boolean): string {
  const { counts, from, to, codes, errors, notKept, exit } = summary
  const said: readonly (readonly [number, string])[] = [
    [counts.planned, 'to be moved'],
    [counts.moved, 'moved'],
    [counts.unchanged, 'there already'],
    [counts.left, 'left behind'],
    [counts.failed, 'failed'],
    [counts.filtered, 'not asked for'],
    [summary.unverified, 'of these unverified'],
    [summary.removed, `removed from ${from}`],
  ]
  const parts = said.flatMap(([n, what]) => (n === 0 ? [] : [`${n} ${what}`]))
  const head = `${from} to ${to.join(', ')}: ${parts.length === 0 ? 'nothing found' : parts.join(', ')}`
  const size = summary.bytes === 0 ? [] : [`  ${summary.bytes} bytes ${dryRun ? 'would be written' : 'written'}`]
  const why = Object.entries(codes).map(([code, n]) => `  ${n} ${code}`)
  const who = Object.entries(errors).map(([backend, n]) => `  ${n} failed at ${backend}`)
  const elsewhere = Object.entries(notKept).map(([backend, n]) => `  ${n} not kept by ${backend}`)
  const all = elsewhere.length === 0 ? 'every target' : 'every target that keeps it'
  // What was left behind for what it is will be left again.
  const mayGoOn = exit === ERRORS.aborted.exit || counts.failed > 0 || counts.left === 0
  const end = dryRun
    ? 'nothing was written (--dry-run)'
    : exit === 0
      ? `migrated: every entry found is in ${all}`
      : `not migrated as a whole (exit ${exit}); ${mayGoOn ? 'the same command goes on' : 'what was left behind is listed above'}`
  return page([head, ...size, ...elsewhere, ...why, ...who, end], layout)
}

function errorText({ code, message, hint }: ErrorJson): string {
  return `${code}: ${message}${hint === undefined ? '' : ` (${hint})`}`
}
