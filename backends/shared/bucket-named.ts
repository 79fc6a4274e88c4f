/** Settings of gcs or s3 with another bucket than the configured one. Pure. */
import type { Context } from '../../src/backend/backend.ts'

/**
 * The context with this bucket and nothing else of the configured place; endpoint, region and time limits stay.
 *
 * @example readSettings(bucketNamed('prov-keys', 's3', context)).bucket // 'prov-keys'
 */
export function bucketNamed(bucket: string, backend: 'gcs' | 's3', context: Context): Context {
  const place = `storage.${backend}.`
  return {
    ...context,
    setting: (key) => {
      if (key === `${place}bucket`) return bucket
      return key === `${place}directory` || key === `${place}prefix` ? undefined : context.setting(key)
    },
  }
}
