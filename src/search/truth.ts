/** The truth, asked by terms: always there where entries are, and never behind them. */
import type { Truth } from '../truth/truth.ts'
import { MOST_HITS, type SearchSource } from './source.ts'

const WITHOUT_TERMS = 'entries of an older prov have no search terms yet: prov truth migrate gives them theirs'

/**
 * A source over a truth that is open; whoever opened it closes it.
 *
 * @example (await truthSource(truth).find(['key:SHA256:…'], { limit: 100 })).hits
 */
export function truthSource(truth: Truth): SearchSource {
  return {
    name: 'truth',
    async find(terms, { after = 0, limit }) {
      // Asked first: what is committed in between is found, and not promised.
      const { upTo, whole } = await truth.reach()
      const most = Math.min(limit, MOST_HITS)
      const found = await truth.search(terms, after, most + 1)
      return {
        hits: found.slice(0, most),
        more: found.length > most,
        complete: whole,
        ...(upTo === undefined ? {} : { upTo }),
        ...(whole ? {} : { why: WITHOUT_TERMS }),
      }
    },
    close: async () => undefined,
  }
}
