/** From settings to the way in which the keys of a journal become public. */
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import { proofOf } from '../keysets/proof.ts'
import type { Publication } from '../keysets/publication.ts'
import { publishRegion } from '../keysets/publish.ts'
import { pause } from '../platform/io.ts'
import { durationMs } from '../platform/text/duration.ts'
import { keyPlaceAt, publisherOf, regionOf } from './key-place.ts'
import type { World } from './world.ts'

/**
 * `publish` where a region is configured, `proof` where public URLs are. Without either a key is handed to verifiers by other means. Throws
 * `config_invalid` where half of what a region needs is set.
 *
 * @example const { publish, proof } = await publicationOf(settings, world)
 */
export async function publicationOf(settings: Settings, world: World): Promise<Partial<Publication>> {
  const publish = publishIn(settings, world)
  const proof = proofIn(settings, world)
  return { ...(publish === undefined ? {} : { publish }), ...(proof === undefined ? {} : { proof }) }
}

function publishIn(settings: Settings, world: World): Publication['publish'] | undefined {
  if (settings.get('keys.region') === undefined) return undefined
  const to = settings.get('keys.publish-to')
  const lacking = ['keys.publish-to', 'keys.publisher-key'].find((key) => settings.get(key) === undefined)
  if (to === undefined || lacking !== undefined) {
    throw new ProvError('config_invalid', `keys.region is set and ${lacking} is not`, {
      location: lacking,
      hint: 'a region needs a place for its file and a key that signs it',
    })
  }
  const region = regionOf(settings)
  return async (keys, signal) => {
    const [place, signer] = await Promise.all([keyPlaceAt(to, settings, world), publisherOf(settings, world.env)])
    try {
      const { statement } = await publishRegion({
        ...publishWish(settings, world),
        place,
        region,
        signer,
        keys,
        renew: false,
        signal,
      })
      return { seq: statement.seq }
    } finally {
      place.objects.close()
    }
  }
}

/** What a publisher takes of settings and process. @example await publishRegion({ ...publishWish(settings, world), place, … }) */
export function publishWish(
  settings: Settings,
  world: World,
): Pick<Parameters<typeof publishRegion>[0], 'lifeMs' | 'now' | 'random' | 'sleep'> {
  return {
    lifeMs: durationMs(settings.get('keys.expires-after') ?? '1d'),
    now: () => world.now(),
    random: (size) => world.random(size),
    sleep: pause,
  }
}

function proofIn(settings: Settings, world: World): Publication['proof'] | undefined {
  const urls = publicUrls(settings)
  if (urls.length === 0) return undefined
  return (kid, signal) =>
    proofOf(kid, {
      urls,
      minPropagationMs: durationMs(settings.get('keys.min-propagation') ?? '10m'),
      skewMs: durationMs(settings.get('keys.skew') ?? '1m'),
      http: world,
      signal,
    })
}

/** The URLs at which the world reads the public set; [] where none is set. @example publicUrls(settings) */
export function publicUrls(settings: Settings): readonly string[] {
  return (settings.get('keys.public-urls') ?? '')
    .split(',')
    .map((url) => url.trim())
    .filter(Boolean)
}
