/** What to do after a verdict that is not 0: one line, a command where there is one. Pure. */

import type { ErrorCode } from '../../errors.ts'
import { ERRORS } from '../../errors.ts'
import { continued, shellWords } from '../../platform/text/command-line.ts'
import type { OtherKey } from '../../verify/other-key.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import { told } from '../forms/told.ts'
import { type Layout, page } from './verify-text.ts'

export interface NextStep {
  /** What to do: a command that can be copied, or a sentence. */
  readonly text: string
  /** What is said of it, in brackets behind it. */
  readonly note?: string
}

/** What the command at hand was given, so that the next one can be given the same. */
export interface Given {
  /** `--storage`, `--set`, `--key` and so on, with their values; the backends are those named. */
  flags(backends?: readonly string[]): readonly string[]
  /** What was verified: INPUT, or `--all`. */
  readonly what: readonly string[]
}

/** @example same().text // 'run the same command again' */
export function same(): NextStep {
  return { text: 'run the same command again' }
}

/** @example explain('occupied').text // 'prov explain occupied' */
export function explain(code: ErrorCode): NextStep {
  return { text: `prov explain ${code}` }
}

/**
 * What helps after this exit status, where these codes came up and no better is known; undefined after 0.
 *
 * @example stepAfter(7, ['occupied'])?.text // 'prov explain occupied'
 */
export function stepAfter(exit: number, codes: readonly ErrorCode[]): NextStep | undefined {
  if (exit === 0) return undefined
  if (exit === 130 || codes.length === 0) return same()
  const stays = codes.find((code) => !ERRORS[code].retryable)
  return stays === undefined ? same() : explain(stays)
}

/** How a verdict may be put right, counted as it goes. */
export interface Cures {
  add(one: VerifiedArtifact): void
  step(given: Given, end: { readonly exit: number; readonly otherKey?: OtherKey | undefined }): NextStep | undefined
}

/** @example const cures = curesOf(); cures.add(one); cures.step(given, { exit: 3 })?.text // 'prov repair --storage …' */
export function curesOf(): Cures {
  const unread = new Set<string>()
  const codes = new Set<ErrorCode>()
  let [bad, planned, divided] = [0, 0, 0]
  return {
    add(one) {
      if (one.exit === 0) return
      bad++
      const counted = told(one).rows.flatMap(({ row, counts }) => (counts === undefined ? [] : [row]))
      for (const { code } of one.findings) codes.add(code)
      for (const { backend, mark } of counted) if (mark === '!') unread.add(backend)
      const hasGood = one.rows.some(({ mark }) => mark === '=' || mark === '~')
      const hasDrift = counted.some(({ mark }) => mark === '*')
      if (hasDrift) divided++
      else if (hasGood && counted.some(({ mark }) => mark === '#' || mark === '+')) planned++
    },
    step(given, { exit, otherKey }) {
      if (exit === 0) return undefined
      if (exit === 130) return { text: 'run the same command again', note: 'it was stopped' }
      if (otherKey !== undefined) return { text: `give the public key ${otherKey.keyid} with --key` }
      if (planned + divided > 0) {
        const command = shellWords(['prov', 'repair', ...given.flags(), ...given.what])
        return { text: command, note: planNote(planned, divided, bad) }
      }
      if (unread.size > 0) {
        const text = shellWords(['prov', 'doctor', ...given.flags([...unread])])
        return { text, note: 'says what is wrong with it' }
      }
      const [first] = codes
      return explain(first ?? 'nothing_verified')
    },
  }
}

function planNote(planned: number, divided: number, bad: number): string {
  const prefer = divided === 0 ? '' : `; ${divided} need${divided === 1 ? 's' : ''} --prefer BACKEND`
  return `a plan: ${planned} of ${bad}${prefer}`
}

/**
 * The line as it is printed; a command that is too long goes on behind a backslash. Empty where there is nothing to do.
 *
 * @example nextText({ text: 'prov explain drift' }, layout) // 'next: prov explain drift\n'
 */
export function nextText(step: NextStep | undefined, layout: Layout): string {
  if (step === undefined) return ''
  const { text, note } = step
  const line = `next: ${text}`
  const whole = note === undefined ? line : `${line}   (${note})`
  if (layout.width === undefined || whole.length <= layout.width || !text.startsWith('prov '))
    return page([whole], layout)
  return page([...continued(line, layout.width), ...(note === undefined ? [] : [`      (${note})`])], layout)
}
