/** From an answer of the cached verification to what the service says. Pure. */
import { ERRORS } from '../errors.ts'
import type { Answer } from './cached-verify.ts'
import type { Judged, VerdictWord } from './judged.ts'

/** @example judgedOf(answer, { policy: 'sha256:…', keys: 'sha256:…' }).verdict // 'verified' */
export function judgedOf({ report, cached, ageMs }: Answer, by: Pick<Judged, 'policy' | 'keys'>): Judged {
  const { exit, findings, artifacts } = report
  const holding = [...new Set(artifacts.flatMap((one) => one.holding))]
  return { verdict: verdictWord(exit), exit, findings, holding, cached, ageMs, ...by }
}

const WORDS: Readonly<Record<number, VerdictWord>> = {
  0: 'verified',
  [ERRORS.signature_invalid.exit]: 'refused',
  [ERRORS.drift.exit]: 'refused',
  [ERRORS.absent.exit]: 'absent',
}

/** @example verdictWord(4) // 'refused' */
function verdictWord(exit: number): VerdictWord {
  return WORDS[exit] ?? 'unknown'
}
