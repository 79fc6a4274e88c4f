/** What a search is asked of: the truth itself, or an index that is made from it. The same lines come from either. */
import type { Hit } from '../truth/search-port.ts'
import type { Mark } from '../truth/truth.ts'

/** No page is longer, whatever is asked for. */
export const MOST_HITS = 1000

export type { Hit } from '../truth/search-port.ts'

export interface SearchPage {
  /** By number, ascending; no more than {@link MOST_HITS}. */
  readonly hits: readonly Hit[]
  /** There are hits after the last one. */
  readonly more: boolean
  /** Every entry up to `upTo` that has the terms is a hit of this page, of one before or of one after it. */
  readonly complete: boolean
  /** The last entry, in commit order, before which nothing can be committed any more; absent where there is none yet. */
  readonly upTo?: Mark
  /** Why it is not complete. */
  readonly why?: string
}

export interface SearchOptions {
  /** Only entries with a greater number. */
  readonly after?: number
  readonly limit: number
}

/** Where entries are found by their terms. `test/search/suite.ts` is its definition, the same lines for both. */
export interface SearchSource {
  readonly name: 'truth' | 'index'
  /**
   * Entries that stand and have all of these terms (at least one; `askedTerm` spells them). One that was superseded is found no more. Throws
   * what keeps the source from being read.
   */
  find(terms: readonly string[], options: SearchOptions): Promise<SearchPage>
  close(): Promise<void>
}
