/** The work of `prov keys publish`. */
import type { Settings } from '../../../config/settings.ts'
import { ProvError } from '../../../errors.ts'
import { publicJwk } from '../../../keys/jwk.ts'
import { spki } from '../../../keys/key-id.ts'
import { journalNow } from '../../../keysets/changed.ts'
import { type IssuerKeys, keysOfIssuer } from '../../../keysets/issuer.ts'
import { BRING_BACK } from '../../../keysets/journal.ts'
import type { KeyPlace } from '../../../keysets/place.ts'
import { publishRegion } from '../../../keysets/publish.ts'
import { keysToPublish } from '../../../keysets/to-publish.ts'
import type { Io } from '../../../platform/io.ts'
import { publishedLines, shownPublished } from '../../../report/text/key-sets-text.ts'
import { openJournals } from '../../../setup/journal.ts'
import { keyPlaceAt, publisherOf, regionOf } from '../../../setup/key-place.ts'
import { publishWish } from '../../../setup/publication.ts'
import type { KeySigner } from '../../../signing/signer.ts'
import { warn, worldOf } from '../../world.ts'
import { again } from './again.ts'
import { journalSettings, tell } from './open.ts'
import type { PublishOptions } from './region-flags.ts'

/** Exit 0 when the file is written; throws for everything else. */
export async function runKeysPublish(options: PublishOptions, io: Io): Promise<number> {
  const settings = await journalSettings({ ...options, set: [...options.set, ...asSettings(options)] }, io)
  const region = regionOf(settings)
  const to = settings.get('keys.publish-to')
  if (to === undefined) {
    throw new ProvError('usage', 'no place for the file of the region was named', {
      hint: 'use --to gs://BUCKET/PATH, s3://BUCKET/PATH or file:FOLDER, or set keys.publish-to',
    })
  }
  const place = await keyPlaceAt(to, settings, worldOf(io, options))
  try {
    const signer = await publisherOf(settings, io.env)
    return await again(options, io, () => publishOnce({ place, region, signer, settings }, options, io))
  } finally {
    place.objects.close()
  }
}

function asSettings({ region, to, publisherKey, passwordFile, expires }: PublishOptions): readonly string[] {
  const given = {
    'keys.region': region,
    'keys.publish-to': to,
    'keys.publisher-key': publisherKey,
    'keys.publisher-password-file': passwordFile,
    'keys.expires-after': expires === undefined ? undefined : `${expires}ms`,
  }
  return Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))
}

interface Scene {
  readonly place: KeyPlace
  readonly region: string
  readonly signer: KeySigner
  readonly settings: Settings
}

async function publishOnce(
  { place, region, signer, settings }: Scene,
  options: PublishOptions,
  io: Io,
): Promise<number> {
  const { keys, renamed } = await keysFor(settings, options, io)
  const { kid: own } = await publicJwk(spki(signer.publicKey))
  if (keys.some(({ jwk, status }) => jwk.kid === own && status !== 'revoked')) {
    warn(
      io,
      options,
      "the publisher's key is one of the region's keys: who can sign with it can publish keys of his own",
    )
  }
  const published = await publishRegion({
    ...publishWish(settings, worldOf(io, options)),
    place,
    region,
    signer,
    keys,
    renew: true,
    signal: io.signal,
  })
  const shown = shownPublished(published, renamed)
  await tell('publish', { exit: 0, to: place.root, ...shown }, publishedLines(shown, place.root), options, io)
  return 0
}

async function keysFor(settings: Settings, options: PublishOptions, io: Io): Promise<IssuerKeys> {
  const { from } = options
  const world = worldOf(io, options)
  if (from !== undefined) return keysOfIssuer(from, world, io.signal)
  const open = await openJournals(settings, world)
  try {
    const journal = await open.find()
    const state = await journalNow(open.journals, journal)
    const [damaged] = state.damaged
    if (damaged !== undefined) {
      const why = `cannot be published: key ${damaged.n} cannot be read (${damaged.why}), and would leave the public set`
      throw new ProvError('keyset_refused', `the journal ${journal.name} ${why}`, {
        hint: `${BRING_BACK}, or from a backup of the database`,
      })
    }
    return { keys: await keysToPublish(state, open.store), renamed: [] }
  } finally {
    await open.close()
  }
}
