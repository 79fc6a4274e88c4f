/** From settings to the way in which the keys of a journal become public. */
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import type { Publication } from '../keysets/publication.ts'

/**
 * `publish` where a region is configured, `proof` where public URLs are. Without either a key is handed to verifiers by other means.
 *
 * @example const { publish, proof } = await publicationOf(settings)
 */
export async function publicationOf(settings: Settings): Promise<Partial<Publication>> {
  const given = ['keys.region', 'keys.public-urls'].find((key) => settings.get(key) !== undefined)
  if (given === undefined) return {}
  throw new ProvError('not_supported', `${given} is not supported by this version`)
}
