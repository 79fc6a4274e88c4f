/** From settings to what a search is asked of. */
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import type { SearchSource } from '../search/source.ts'
import type { Truth } from '../truth/truth.ts'

export interface SearchWish {
  /** Absent: the truth where one is named, else the index. */
  readonly source?: 'truth' | 'index'
  /** The truth of the settings; absent where none is named. */
  readonly truth: Truth | undefined
}

/**
 * Throws `usage` where the settings do not name what is wished for.
 *
 * @example const source = await searchSource(settings, { source: 'index', truth: undefined })
 */
export async function searchSource(settings: Settings, { source, truth }: SearchWish): Promise<SearchSource> {
  if (source === 'index' || (source === undefined && truth === undefined && settings.get('index.url') !== undefined))
    return indexSource(settings)
  if (truth !== undefined) return (await import('../search/truth.ts')).truthSource(truth)
  throw new ProvError('usage', 'search needs a source of truth', {
    hint: 'use --truth sqlite:FILE or --truth postgres://USER@HOST/DATABASE, or set PROV_TRUTH',
  })
}

async function indexSource(settings: Settings): Promise<SearchSource> {
  const [{ openIndexSource }, { indexPlace }] = await Promise.all([
    import('../search/index-source.ts'),
    import('./index-place.ts'),
  ])
  return openIndexSource(await indexPlace(settings))
}
