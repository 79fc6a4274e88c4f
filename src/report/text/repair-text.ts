/** What a repair came to, counted as it goes and printed. */
import type { ErrorCode, ErrorJson } from '../../errors.ts'
import { gravest } from '../../errors.ts'
import { shellWords } from '../../platform/text/command-line.ts'
import type { Repaired, RepairedCopy } from '../../repair/repair.ts'
import { type Given, type NextStep, stepAfter } from './next-step.ts'
import { type Layout, page } from './verify-text.ts'

export interface RepairSummary {
  readonly exit: number
  readonly artifacts: number
  /** Copies that were right, were written, replaced, or are still to be; and those that nothing could be done for. */
  readonly copies: { readonly ok: number; readonly mended: number; readonly planned: number; readonly kept: number }
  /** How often each code came up, of copies that are not mended. */
  readonly codes: Readonly<Partial<Record<ErrorCode, number>>>
}

export interface RepairTally {
  add(one: Repaired): void
  summary(): RepairSummary
}

/** @example const tally = repairTally(); tally.add(await repair(about, job)); tally.summary().exit */
export function repairTally(): RepairTally {
  const copies = { ok: 0, mended: 0, planned: 0, kept: 0 }
  const codes: Partial<Record<ErrorCode, number>> = {}
  const exits = new Set<number>()
  let artifacts = 0
  return {
    add(one) {
      artifacts++
      exits.add(one.exit)
      for (const copy of one.copies) copies[countedAs(copy)]++
      for (const { code } of one.findings) codes[code] = (codes[code] ?? 0) + 1
    },
    summary: () => ({ exit: gravest(exits), artifacts, copies: { ...copies }, codes: { ...codes } }),
  }
}

function countedAs({ action, done }: RepairedCopy): keyof RepairSummary['copies'] {
  if (action === 'ok') return 'ok'
  if (action === 'keep') return 'kept'
  return done ? 'mended' : 'planned'
}

/** One artifact: what stands in each place and what became of it. */
export function repairedText(one: Repaired, layout: Layout): string {
  const from = one.reference === undefined ? [] : [`  from ${one.reference}`]
  return page([one.artifact, ...from, ...one.copies.flatMap(copyLines), ''], layout)
}

function copyLines(copy: RepairedCopy): readonly string[] {
  const kept = copy.kept === undefined ? [] : [`    what was there: ${copy.kept}`]
  const why = copy.error === undefined ? [] : [`    ${errorText(copy.error)}`]
  return [`  ${WORDS[copy.action][copy.done ? 1 : 0]} ${copy.backend} ${copy.location}`, ...why, ...kept]
}

const WORDS = {
  ok: ['ok      ', 'ok      '],
  write: ['to write', 'written '],
  replace: ['to replace', 'replaced'],
  keep: ['LEFT    ', 'LEFT    '],
} as const

/** The end of the report. */
export function repairSummaryText(
  { artifacts, copies, codes, exit }: RepairSummary,
  layout: Layout,
  apply: boolean,
): string {
  const said: readonly (readonly [number, string])[] = [
    [copies.ok, 'right'],
    [copies.mended, 'repaired'],
    [copies.planned, 'to be repaired'],
    [copies.kept, 'left as they are'],
  ]
  const parts = said.flatMap(([n, what]) => (n === 0 ? [] : [`${n} ${what}`]))
  const head = `${artifacts} artifacts: ${parts.length === 0 ? 'nothing found' : `copies ${parts.join(', ')}`}`
  const why = Object.entries(codes).map(([code, n]) => `  ${n} ${code}`)
  const end =
    exit === 0
      ? apply && copies.mended > 0
        ? 'repaired: every copy verifies'
        : 'nothing to repair'
      : apply
        ? `not repaired as a whole (exit ${exit})`
        : `nothing was written; --apply does what is planned (exit ${exit})`
  return page([head, ...why, end], layout)
}

/**
 * What to do after a repair that left something: apply the plan, or decide between copies that differ.
 *
 * @example repairStep(summary, false, given)?.text // 'prov repair --storage … --apply run.yaml'
 */
export function repairStep({ exit, copies, codes }: RepairSummary, apply: boolean, given: Given): NextStep | undefined {
  if (exit === 0) return undefined
  const command = (...more: readonly string[]): string =>
    shellWords(['prov', 'repair', ...given.flags(), ...more, ...given.what])
  if (!apply && copies.planned > 0 && exit !== 130) return { text: command('--apply'), note: 'does what is planned' }
  if (codes.drift !== undefined)
    return { text: command('--prefer', 'BACKEND'), note: 'the backend whose copy is right' }
  return stepAfter(exit, Object.keys(codes) as ErrorCode[])
}

function errorText({ code, message, hint }: ErrorJson): string {
  return `${code}: ${message}${hint === undefined ? '' : ` (${hint})`}`
}
