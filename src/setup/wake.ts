/** From settings to the places that hints come from and go to. */
import type { Settings } from '../config/settings.ts'
import { placeOf } from '../delivery/wake/place.ts'
import type { WakePlace } from '../delivery/wake/wake.ts'
import { ProvError } from '../errors.ts'
import { readBounded } from '../input/read.ts'

/**
 * Where a worker hears of commits: the URLs of --wake, and the settings of each transport that none of them names. Throws `usage` for what is no
 * such place or holds a password, and `input_unreadable` for a file that cannot be read.
 *
 * @example await wakeSources(settings, ['redis://cache/0?stream=prov'])
 */
export async function wakeSources(settings: Settings, urls: readonly string[]): Promise<readonly WakePlace[]> {
  const given = urls.map(placeOf)
  const set = ['wake.redis.url', 'wake.nats.url', 'wake.pubsub.subscription'].flatMap((key) => placeIn(settings, key))
  const others = set.filter(({ transport }) => given.every((one) => one.transport !== transport))
  const wrong = [...given, ...others].find(
    (one) => one.transport === 'pubsub' && !one.resource.includes('/subscriptions/'),
  )
  if (wrong !== undefined) {
    throw new ProvError('usage', 'a worker reads a subscription of Pub/Sub: pubsub:projects/P/subscriptions/S')
  }
  return Promise.all([...given, ...others].map((place) => withSecrets(place, settings)))
}

/** Where store tells of a commit. Throws as {@link wakeSources} does. @example await wakeTargets(settings) */
export async function wakeTargets(settings: Settings): Promise<readonly WakePlace[]> {
  const places = ['wake.redis.url', 'wake.nats.url', 'wake.pubsub.topic'].flatMap((key) => placeIn(settings, key))
  if (places.some((one) => one.transport === 'pubsub' && !one.resource.includes('/topics/'))) {
    throw new ProvError('usage', 'store tells a topic of Pub/Sub: wake.pubsub.topic=projects/P/topics/T')
  }
  return Promise.all(places.map((place) => withSecrets(place, settings)))
}

function placeIn(settings: Settings, key: string): readonly WakePlace[] {
  const value = settings.get(key)
  if (value === undefined) return []
  const place = placeOf(key.startsWith('wake.pubsub.') ? `pubsub:${value}` : value)
  if (key.split('.')[1] === place.transport) return [place]
  throw new ProvError('usage', `${key} names a place of another kind`)
}

async function withSecrets(place: WakePlace, settings: Settings): Promise<WakePlace> {
  const { transport } = place
  if (transport === 'pubsub') return place
  const passwordFile = settings.get(`wake.${transport}.password-file`)
  const caFile = settings.get(`wake.${transport}.ca-file`)
  const text = async (file: string): Promise<string> => Buffer.from(await readBounded(file)).toString('utf8')
  const password =
    passwordFile === undefined
      ? settings.get(`wake.${transport}.password`)
      : (await text(passwordFile)).replace(/\r?\n$/, '')
  return {
    ...place,
    ...(password === undefined ? {} : { password }),
    ...(caFile === undefined ? {} : { ca: await text(caFile) }),
  }
}
