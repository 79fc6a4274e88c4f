/** On whose word keys of a URL are trusted, in the words of every report. Pure. */
import type { TrustSummary } from '../../trust/trust.ts'

/** One phrase for each URL; [] when no key came from one. @example keySourceTexts(trust) // ['keys of https://… taken on the word of its server'] */
export function keySourceTexts({ keySets = [] }: Pick<TrustSummary, 'keySets'>): readonly string[] {
  return keySets.map(({ source, word }) =>
    word === 'server'
      ? `keys of ${source} taken on the word of its server`
      : `keys of ${source} signed by the publishers of their regions`,
  )
}
