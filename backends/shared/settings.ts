/** What the configuration says to gcs and s3 alike. Pure. */
import type { Context } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { durationMs } from '../../src/platform/text/duration.ts'
import { withoutTrailing } from '../../src/platform/text/trim.ts'

/** A bucket, or the directory that stands in for one. */
export type BucketOrDirectory =
  | { readonly bucket: string; readonly directory?: never }
  | { readonly directory: string; readonly bucket?: never }

/**
 * Throws `config_invalid` unless exactly one of `storage.<backend>.bucket` and `storage.<backend>.directory` is set.
 *
 * @example whereOf(context, 's3') // { bucket: 'provenance' }
 */
export function whereOf({ setting }: Pick<Context, 'setting'>, backend: 'gcs' | 's3'): BucketOrDirectory {
  const bucket = setting(`storage.${backend}.bucket`) || undefined
  const directory = setting(`storage.${backend}.directory`) || undefined
  if (bucket !== undefined && directory === undefined) return { bucket }
  if (directory !== undefined && bucket === undefined) return { directory }
  const [first, second] = [`storage.${backend}.bucket`, `storage.${backend}.directory`]
  const message = bucket === undefined ? `neither ${first} nor ${second} is set` : `${first} and ${second} are both set`
  throw new ProvError('config_invalid', message, {
    backend,
    hint: 'name a bucket, or a directory that stands in for one',
  })
}

/** The longest time one request may take, in milliseconds: `storage.<backend>.timeout`, else `storage.timeout`, else a minute. */
export function requestMs({ setting }: Pick<Context, 'setting'>, backend: string): number {
  const key = `storage.${backend}.timeout`
  const text = setting(key) || setting('storage.timeout') || '60s'
  const ms = durationMs(text)
  if (ms >= 1 && ms <= 3_600_000) return ms
  throw new ProvError('config_invalid', `${key} must be a duration such as 500ms, 30s or 2m, of at most an hour`, {
    backend,
  })
}

/** The endpoint as a URL without a slash at its end. Throws `config_invalid` for what is not an http or https URL, or holds a password. */
export function endpointOf(text: string, key: string, backend: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const web = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (url !== undefined && web && url.username === '' && url.search === '' && url.hash === '')
    return withoutTrailing(url.href, '/')
  throw new ProvError('config_invalid', `${key} must be an http or https URL without user or query`, { backend })
}
