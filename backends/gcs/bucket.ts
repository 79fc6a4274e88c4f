/** A bucket of gcs that is named by a URL, for objects that are not copies of entries. */
import type { Context } from '../../src/backend/backend.ts'
import type { Objects } from '../../src/backend/objects.ts'
import { bucketNamed } from '../shared/bucket-named.ts'
import { refuseProxies } from '../shared/configured.ts'
import { NAME, readSettings } from './settings.ts'

/**
 * Opens it with the backend's own settings but for where it is. Throws `config_invalid` for what is set wrong.
 *
 * @example const bucket = await openBucket('prov-keys', context); await bucket.get('keys/eu.json', { signal })
 */
export async function openBucket(bucket: string, context: Context): Promise<Objects> {
  const named = bucketNamed(bucket, NAME, context)
  await refuseProxies(context, NAME)
  const { directory: _, ...settings } = readSettings(named)
  return (await import('./connection.ts')).connect({ ...settings, bucket }, context)
}
