/** What GET /v1/search answers: entries of the source of truth, and how complete that is. */
import type { SearchPage, SearchSource } from '../../search/source.ts'
import type { ShownHit } from '../text/search-text.ts'
import { output } from './document.ts'
import { HIT, MARK } from './search.ts'
import { BOOL, list, object, oneOf, says, TEXT } from './shape.ts'

/** The answer of GET /v1/search. */
export interface SearchAnswer extends Omit<SearchPage, 'hits'> {
  readonly source: SearchSource['name']
  readonly hits: readonly ShownHit[]
}

export const schema = output(
  'answer of GET /v1/search of prov serve',
  object<SearchAnswer>(
    {
      source: oneOf({ truth: true, index: true }),
      hits: list(HIT),
      more: says(BOOL, 'there are entries after the last one'),
      complete: says(BOOL, 'nothing up to upTo is missing'),
    },
    { upTo: MARK, why: says(TEXT, 'why it is not complete') },
  ),
)
