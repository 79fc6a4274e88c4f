/** The text of `prov verify` without --all. */

import { type AttentionHead, attentionOf } from '../../../report/text/attention.ts'
import { type NextStep, nextText } from '../../../report/text/next-step.ts'
import { type Layout, verifyText } from '../../../report/text/verify-text.ts'
import { otherKeyText } from '../../../verify/other-key.ts'
import type { VerifyReport } from '../../../verify/verify.ts'

/**
 * What needs attention, or with `all` every copy.
 *
 * @example whole(report, { head, all: false, next: undefined }, layout) // '✓ 1 artifact: all copies agree …'
 */
export function whole(
  report: VerifyReport,
  { head, all, next }: { readonly head: AttentionHead; readonly all: boolean; readonly next: NextStep | undefined },
  layout: Layout,
): string {
  if (all) return verifyText(report, layout) + nextText(next, layout)
  const seen = attentionOf(head)
  for (const one of report.artifacts) seen.add(one)
  const notes = report.otherKey === undefined ? [] : [otherKeyText(report.otherKey)]
  return seen.text({ exit: report.exit, notes }, layout) + nextText(next, layout)
}
