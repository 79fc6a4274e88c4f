/** From settings to the place of key sets that a URL names, and to the key of a region's publisher. */
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import { passwordSource } from '../keys/password.ts'
import type { KeyPlace } from '../keysets/place.ts'
import { loadSigner } from '../signing/open-signer.ts'
import type { KeySigner } from '../signing/signer.ts'
import { isRegion, REGION_NAMES } from '../trust/publishers.ts'
import type { World } from './world.ts'

/**
 * Opens the place; nothing is contacted before the first call. The caller closes its objects. Throws `usage` for what is not such a URL.
 *
 * @example const place = await keyPlaceAt('gs://prov-keys/jwks', settings, world)
 */
export async function keyPlaceAt(url: string, settings: Settings, world: World): Promise<KeyPlace> {
  const { openObjectsAt } = await import('../../backends/index.ts')
  return openObjectsAt(url, {
    setting: (key) => settings.get(key),
    env: world.env,
    now: () => world.now(),
    random: (size) => world.random(size),
    debug: (line) => world.debug(line),
  })
}

/**
 * The name of the region that is published. Throws `usage` for none, and for one that cannot be part of an object's name.
 *
 * @example regionOf(settings) // 'eu'
 */
export function regionOf(settings: Settings): string {
  const region = settings.get('keys.region')
  if (region === undefined) {
    throw new ProvError('usage', 'no region was named', { hint: 'use --region NAME, or set keys.region' })
  }
  if (isRegion(region)) return region
  throw new ProvError('usage', `${JSON.stringify(region.slice(0, 80))} is not the name of a region`, {
    hint: `a region is called with ${REGION_NAMES}`,
  })
}

/**
 * Opens the key that signs the region's file. Throws `usage` where none is named, and what a signing key throws.
 *
 * @example await publisherOf(settings, process.env)
 */
export async function publisherOf(settings: Settings, env: World['env']): Promise<KeySigner> {
  const key = settings.get('keys.publisher-key')
  if (key === undefined) {
    throw new ProvError('usage', 'no key of a publisher was named', {
      hint: 'use --publisher-key FILE, or set keys.publisher-key; prov keys generate makes a pair',
    })
  }
  const file = settings.get('keys.publisher-password-file')
  const password = passwordSource({ file, env, question: `Password of the publisher's key ${key}: ` })
  return loadSigner({ key, password, env })
}
