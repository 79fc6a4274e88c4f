/** What a comparison of the truth with its search index says: a line a difference, and sums at the end. */
import type { IndexCounts, IndexDifference } from '../../search/difference.ts'
import { type Layout, page } from './verify-text.ts'

/** One difference, as --json prints it. */
export type IndexLine = IndexDifference

/** What the last line says. */
export interface IndexReport extends IndexCounts {
  /** The index, without a password. */
  readonly index: string
  /** With --rebuild. */
  readonly rebuilt?: {
    readonly entries: number
    readonly terms: number
    /** It went on where another had stopped. */
    readonly resumed: boolean
  }
  readonly upTo?: { readonly xid: string; readonly seq: number }
  readonly exit: number
}

/** @example differenceText(difference, layout) // 'missing  digest:sha256:9f86… of entry 12\n' */
export function differenceText({ what, term, seq, member, score, owed, repaired }: IndexLine, layout: Layout): string {
  const whose = seq === undefined ? `of ${JSON.stringify(member ?? '')}, which prov does not write` : `of entry ${seq}`
  const other = score === undefined ? '' : `, under the number ${score}`
  const more = [
    ...(owed === true ? ['a worker has yet to deliver it'] : []),
    ...(repaired ? [what === 'extra' ? 'removed' : 'written'] : []),
  ]
  const note = more.length === 0 ? '' : ` (${more.join('; ')})`
  return page([`${what.padEnd(8)} ${term ?? 'what is shown'} ${whose}${other}${note}`], layout)
}

/** @example indexReportText(report, layout) // '2000 entries with 18000 terms: the index is equal to the truth\n' */
export function indexReportText(report: IndexReport, layout: Layout): string {
  const { entries, terms, missing, wrong, extra, owed, repaired, pruned, rebuilt } = report
  if (rebuilt !== undefined) {
    const how = rebuilt.resumed ? ', going on where another had stopped' : ''
    return page([`rebuilt from ${rebuilt.entries} entries with ${rebuilt.terms} terms${how}`], layout)
  }
  const counts = [
    ...(missing > 0 ? [`${missing} missing${owed > 0 ? `, ${owed} of them owed` : ''}`] : []),
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
    ...(extra > 0 ? [`${extra} too many`] : []),
    ...(repaired > 0 ? [`${repaired} written`] : []),
    ...(pruned > 0 ? [`${pruned} removed`] : []),
  ]
  const said = counts.length === 0 ? 'the index is equal to the truth' : counts.join('; ')
  return page([`${entries} entries with ${terms} terms: ${said}`], layout)
}
