/** Places of key sets on real servers. */

import { openObjectsAt } from '../../backends/index.ts'
import type { KeyPlace } from '../../src/keysets/place.ts'
import { testContext } from './context.ts'
import { freshBucket as freshGcs } from './gcs.ts'
import { account, freshBucket as freshS3 } from './s3.ts'
import { scratch } from './scratch.ts'

/** Each call opens a connection of its own to one fresh place. */
export interface KeyPlaces {
  readonly url: string
  /** Settings and environment for the command line. */
  readonly set: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  open(): Promise<KeyPlace>
}

function placesAt(
  url: string,
  set: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): KeyPlaces {
  return { url, set, env, open: () => openObjectsAt(url, testContext(set, env)) }
}

/** A bucket at fake-gcs-server, in versitygw, or a folder. */
export const KEY_PLACES = {
  folder: async () => placesAt(`file:${scratch()}/jwks`, {}),
  'fake-gcs': async () => {
    const { name, endpoint } = await freshGcs()
    return placesAt(`gs://${name}/jwks`, { 'storage.gcs.endpoint': endpoint })
  },
  versitygw: async () => {
    const server = await account('versitygw')
    const { name } = await freshS3(server)
    return placesAt(
      `s3://${name}/jwks`,
      { 'storage.s3.endpoint': server.endpoint, 'storage.s3.region': 'us-east-1' },
      server.env,
    )
  },
} as const satisfies Record<string, () => Promise<KeyPlaces>>
