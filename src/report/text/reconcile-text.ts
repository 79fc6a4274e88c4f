/** What a backend holds and the truth does not: counted as it goes, and printed. */
import { ERRORS, type ErrorCode, gravest } from '../../errors.ts'
import type { ImportedItem, ImportOutcome } from '../../search/import.ts'
import { errorLine, type Layout, page } from './verify-text.ts'

export interface ImportSummary {
  readonly from: string
  readonly counts: Readonly<Record<ImportOutcome, number>>
  /** How often each code came up, of what was refused or could not be read. */
  readonly codes: Readonly<Partial<Record<ErrorCode, number>>>
  /** The source was read to its end. */
  readonly complete: boolean
  readonly exit: number
}

export interface ImportTally {
  add(item: ImportedItem): void
  summary(complete: boolean): ImportSummary
}

/** @example const tally = importTally('oci'); tally.add(item); tally.summary(true).exit */
export function importTally(from: string): ImportTally {
  const counts = { missing: 0, imported: 0, present: 0, pruned: 0, refused: 0, unread: 0 }
  const codes: Partial<Record<ErrorCode, number>> = {}
  return {
    add({ outcome, error }) {
      counts[outcome]++
      if (error !== undefined) codes[error.code] = (codes[error.code] ?? 0) + 1
    },
    summary(complete) {
      const exits = [
        ...(counts.missing > 0 ? [ERRORS.absent.exit] : []),
        ...(counts.refused > 0 ? [ERRORS.stranger.exit] : []),
        ...(counts.unread > 0 ? [ERRORS.unreachable.exit] : []),
        ...(complete ? [] : [ERRORS.aborted.exit]),
      ]
      return { from, counts: { ...counts }, codes: { ...codes }, complete, exit: gravest(exits) }
    },
  }
}

/** @example importedText(item, layout) // 'imported ghcr.io/acme/app:sha256-….att …\n' */
export function importedText({ outcome, location, artifact, format, error }: ImportedItem, layout: Layout): string {
  const what = artifact ?? ''
  const more = [what, ...(format === undefined ? [] : [format])].filter((part) => part !== '').join(', ')
  return page(
    [
      `${outcome} ${location}`,
      ...(more === '' ? [] : [`  ${more}`]),
      ...(error === undefined ? [] : [`  ${errorLine(error)}`]),
    ],
    layout,
  )
}

const SAID: Readonly<Record<ImportOutcome, string>> = {
  missing: 'not in the truth',
  imported: 'imported',
  present: 'there already',
  pruned: 'pruned before',
  refused: 'refused',
  unread: 'not readable',
}

/** @example importSummaryText(summary, layout) // 'oci: 12 imported, 3 refused\n  3 key_untrusted\n' */
export function importSummaryText({ from, counts, codes }: ImportSummary, layout: Layout): string {
  const parts = (Object.keys(SAID) as ImportOutcome[]).flatMap((outcome) =>
    counts[outcome] === 0 ? [] : [`${counts[outcome]} ${SAID[outcome]}`],
  )
  const why = Object.entries(codes).map(([code, n]) => `  ${n} ${code}`)
  return page([`${from}: ${parts.length === 0 ? 'holds no entry' : parts.join(', ')}`, ...why], layout)
}
