/** What verifying whole backends came to: counted as it goes, with flat memory, and printed. */

import type { ErrorCode } from '../../errors.ts'
import { gravest } from '../../errors.ts'
import type { Mark } from '../../verify/agree.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import { type Layout, MARKS, page, verifyText } from './verify-text.ts'

export interface VerifySummary {
  readonly exit: number
  readonly artifacts: number
  /** Of each backend, how many places have which mark. */
  readonly marks: Readonly<Record<string, Readonly<Partial<Record<Mark, number>>>>>
  readonly strangers: number
  /** How often each code came up among the findings. */
  readonly codes: Readonly<Partial<Record<ErrorCode, number>>>
}

export interface VerifyTally {
  add(one: VerifiedArtifact): void
  artifacts(): number
  summary(): VerifySummary
}

/** @example const tally = verifyTally(); tally.add(artifact); tally.summary().marks // { oci: { '=': 1 } } */
export function verifyTally(): VerifyTally {
  const marks: Record<string, Partial<Record<Mark, number>>> = {}
  const codes: Partial<Record<ErrorCode, number>> = {}
  const exits = new Set<number>()
  let artifacts = 0
  let strangers = 0
  return {
    add(one) {
      artifacts++
      strangers += one.strangers.length
      exits.add(one.exit)
      for (const { backend, mark } of one.rows) {
        const own = marks[backend] ?? {}
        marks[backend] = { ...own, [mark]: (own[mark] ?? 0) + 1 }
      }
      for (const { code } of one.findings) codes[code] = (codes[code] ?? 0) + 1
    },
    artifacts: () => artifacts,
    summary: () => ({ exit: gravest(exits), artifacts, marks: { ...marks }, strangers, codes: { ...codes } }),
  }
}

/** One artifact as `prov verify` prints it, without the totals. */
export function artifactText(one: VerifiedArtifact, layout: Layout): string {
  const trust = { hash: '', keyids: [] }
  const whole = verifyText({ exit: one.exit, artifacts: [one], findings: one.findings, trust }, layout)
  return `${whole.slice(0, whole.indexOf('\n\n') + 2)}`
}

/** The end of the report: a line a backend, and the verdict. */
export function surveyText(
  summary: VerifySummary & { readonly complete: boolean; readonly whole: boolean },
  layout: Layout,
): string {
  const { artifacts, marks, exit, codes, strangers } = summary
  const lines = Object.entries(marks).map(([backend, counts]) => {
    const said = (Object.keys(MARKS) as Mark[]).flatMap((mark) =>
      counts[mark] === undefined ? [] : [`${counts[mark]} ${mark}`],
    )
    return `  ${backend}: ${said.join(', ')}`
  })
  const why = Object.entries(codes).map(([code, n]) => `  ${n} ${code}`)
  const others = strangers === 0 ? [] : [`  ${strangers} strangers`]
  const part = summary.whole ? '' : ' (a part of the whole)'
  const verdict = exit === 0 ? `verified: all agree${part}` : `not verified (exit ${exit})${part}`
  return page([`${artifacts} artifacts`, ...lines, ...others, ...why, verdict], layout)
}
