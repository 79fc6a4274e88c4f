/** What every form of report is: a function that is told what was verified, piece by piece, and gives text. No I/O. */
import type { TrustSummary } from '../../trust/trust.ts'
import type { Mark } from '../../verify/agree.ts'
import type { Policy } from '../../verify/policy.ts'
import type { Demands } from '../../verify/verdict.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'

/** What is known before anything is read. */
export interface ReportHead {
  readonly version: string
  /** Milliseconds since the epoch. */
  readonly began: number
  /** In the order of --storage. */
  readonly backends: readonly string[]
  readonly demands: Demands
  readonly trust: TrustSummary
  readonly policy: Policy
  /** Who says so: the setting `verifier.id`. */
  readonly verifier: string
  /** What was verified, in words: the INPUT, or everything that the backends hold. */
  readonly scope?: string
  /** The command that plans the repair, and what narrows it to one run: `--run`, absent where it cannot be narrowed. */
  readonly repair?: { readonly command: string; readonly narrow?: string }
}

/** What is known only at the end. */
export interface ReportSummary {
  readonly exit: number
  readonly ended: number
  readonly notes: readonly string[]
  readonly totals: Totals
}

/** How much there was. */
export interface Totals {
  readonly artifacts: number
  /** Findings that count, and so make the exit status. */
  readonly findings: number
  readonly strangers: number
  readonly marks: Readonly<Record<Mark, number>>
}

/**
 * One report being written: `begin` once, `artifact` for each in turn, `end` once; what they give, one after the other, is the
 * report. Forms that stream hold no artifact back, so that their memory is flat.
 */
export interface ReportForm {
  begin(head: ReportHead): string
  artifact(one: VerifiedArtifact): string | Promise<string>
  end(summary: ReportSummary): string
}

/** What a form may need beside the facts. */
export interface FormTools {
  now(): number
  /** Makes an envelope of a Statement; absent: reports are not signed. */
  readonly seal?: (statement: Uint8Array) => Promise<Uint8Array>
}

/** Each form's module exports one of these. */
export type OpenForm = (tools: FormTools) => ReportForm

const MARKS: readonly Mark[] = ['=', '~', '*', '#', '+', '!', 'x']

/** A copy of the totals with one more artifact in them. @example totals = withArtifact(totals, one) */
export function withArtifact(totals: Totals, one: VerifiedArtifact): Totals {
  const marks = { ...totals.marks }
  for (const row of one.rows) marks[row.mark]++
  return {
    artifacts: totals.artifacts + 1,
    findings: totals.findings + one.findings.length,
    strangers: totals.strangers + one.strangers.length,
    marks,
  }
}

/** @example NO_TOTALS.artifacts // 0 */
export const NO_TOTALS: Totals = {
  artifacts: 0,
  findings: 0,
  strangers: 0,
  marks: { '=': 0, '~': 0, '*': 0, '#': 0, '+': 0, '!': 0, x: 0 },
}

/** `3 =, 1 +`: the marks that there are, in the order of their table. @example marksText(totals.marks) */
export function marksText(marks: Totals['marks']): string {
  return MARKS.flatMap((mark) => (marks[mark] === 0 ? [] : [`${marks[mark]} ${mark}`])).join(', ')
}
