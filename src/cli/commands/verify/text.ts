/** The text of `prov verify` without --all. */

import { type AttentionHead, attentionOf } from '../../../report/text/attention.ts'
import { type NextStep, nextText } from '../../../report/text/next-step.ts'
import { type Layout, page, verifyText } from '../../../report/text/verify-text.ts'
import { otherKeyText } from '../../../verify/other-key.ts'
import { restsOnLines } from '../../../verify/rests-on.ts'
import type { VerifyReport } from '../../../verify/verify.ts'

interface TextOptions {
  readonly head: AttentionHead
  readonly all: boolean
  readonly next: NextStep | undefined
  /** Lines about the verdict as a whole. */
  readonly notes: readonly string[]
}

/**
 * What needs attention, or with `all` every copy.
 *
 * @example whole(report, { head, all: false, next: undefined, notes: [] }, layout) // '✓ 1 artifact: all copies agree …'
 */
export function whole(report: VerifyReport, { head, all, next, notes: own }: TextOptions, layout: Layout): string {
  if (all) return notesText(own, layout) + verifyText(report, layout) + nextText(next, layout)
  const seen = attentionOf(head)
  for (const one of report.artifacts) seen.add(one)
  const notes = [...own, ...(report.otherKey === undefined ? [] : [otherKeyText(report.otherKey)]), ...resting(report)]
  return seen.text({ exit: report.exit, notes }, layout) + nextText(next, layout)
}

/** @example notesText(['from the cache: …'], layout) // 'from the cache: …\n' */
export function notesText(notes: readonly string[], layout: Layout): string {
  return notes.length === 0 ? '' : page(notes, layout)
}

const MOST_LINES = 5

/** Who signed and what that rests on, where it is more than keys. */
function resting({ artifacts }: VerifyReport): readonly string[] {
  const lines = [...new Set(artifacts.flatMap(restsOnLines))]
  const more = lines.length - MOST_LINES
  return more > 0 ? [...lines.slice(0, MOST_LINES), `and ${more} more lines of that kind (--show all)`] : lines
}
