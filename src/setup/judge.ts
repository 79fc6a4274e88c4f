/** The verification of one image at a time, for a service: a set-up, a trust and demands as a judge. No cache, and no memory of what it said. */
import type { Judge, Judged, VerdictWord } from '../cache/judged.ts'
import { ERRORS } from '../errors.ts'
import type { Trust } from '../trust/trust.ts'
import type { Demands } from '../verify/verdict.ts'
import { type VerifyReport, verify } from '../verify/verify.ts'
import type { Setup } from './backends.ts'
import { policyFor } from './policy.ts'
import { targetsOf } from './targets.ts'

/** @example (await judgeOf(setup, trust, demands).image(image, signal)).verdict // 'verified' */
export function judgeOf(setup: Setup, trust: Trust, demands: Demands): Judge {
  const by = { policy: policyFor(setup, demands, trust).hash, keys: trust.hash }
  return {
    async image(image, signal) {
      const targets = targetsOf({ type: 'image', image }, setup)
      return { ...judgedIn(await verify({ targets, trust, demands, signal })), ...by }
    },
  }
}

function judgedIn({ exit, findings, artifacts }: VerifyReport): Omit<Judged, 'policy' | 'keys'> {
  const holding = [...new Set(artifacts.flatMap((one) => one.holding))]
  return { verdict: verdictWord(exit), exit, findings, holding, cached: false, ageMs: 0 }
}

const WORDS: Readonly<Record<number, VerdictWord>> = {
  0: 'verified',
  [ERRORS.signature_invalid.exit]: 'refused',
  [ERRORS.drift.exit]: 'refused',
  [ERRORS.absent.exit]: 'absent',
}

/** @example verdictWord(4) // 'refused' */
export function verdictWord(exit: number): VerdictWord {
  return WORDS[exit] ?? 'unknown'
}
