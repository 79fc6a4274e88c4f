/** The flag --cache of `prov verify`: what it cannot stand beside, and what is said of verdicts that were kept. Pure. */
import { ProvError } from '../../../errors.ts'
import { ageText } from '../../../platform/text/time-text.ts'
import type { VerifyOptions } from './flags.ts'

/** Said with --cache only. */
export interface Kept {
  /** True where a part of the verdict, or all of it, was kept and not made now. */
  readonly cached: boolean
  /** Of the oldest part, in milliseconds; 0 where all of it was made now. */
  readonly age: number
}

/** Throws `usage` for what must be verified now. @example refuseUncached(options) */
export function refuseUncached({ cache, all, output, vsaKey }: VerifyOptions): void {
  if (cache === undefined) return
  const isSummary = vsaKey !== undefined || output.some((form) => /^vsa(?:=|$)/.test(form))
  if (all !== true && !isSummary) return
  const what = all === true ? '--all' : '--output vsa'
  const hint = all === true ? undefined : 'a summary is signed: it states what was verified, not what was remembered'
  throw new ProvError('usage', `--cache cannot be used with ${what}, which verifies everything anew`, { hint })
}

/** @example keptNotes({ cached: true, age: 12_000 }) // ['from the cache: verified 12 s ago, not now'] */
export function keptNotes(kept: Kept | undefined): readonly string[] {
  return kept?.cached === true ? [`from the cache: verified ${ageText(kept.age)} ago, not now`] : []
}
