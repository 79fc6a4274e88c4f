/** What the configuration says to this backend. Pure. */
import type { Context } from '../../src/backend/backend.ts'
import { withoutTrailing } from '../../src/platform/text/trim.ts'
import { type BucketOrDirectory, endpointOf, requestMs, whereOf } from '../shared/settings.ts'

export const NAME = 's3'

export type S3Settings = BucketOrDirectory & {
  /** Empty, or ends with `/`. */
  readonly prefix: string
  /** Of a service other than AWS; undefined: the region's own. */
  readonly endpoint: string | undefined
  readonly region: string | undefined
  /** The bucket is in the path of a URL, not in its host. */
  readonly pathStyle: boolean
  readonly requestMs: number
}

/**
 * Throws `config_invalid` for a value that is not allowed. AWS' own variables count where a setting is unset: AWS_ENDPOINT_URL_S3,
 * AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION. Path style is the default for an endpoint of one's own.
 *
 * @example readSettings(context).prefix // 'provenance/'
 */
export function readSettings(context: Pick<Context, 'setting' | 'env'>): S3Settings {
  const { setting, env } = context
  const given = setting('storage.s3.endpoint') || env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || undefined
  const endpoint = given === undefined ? undefined : endpointOf(given, 'storage.s3.endpoint', NAME)
  const region = setting('storage.s3.region') || env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined
  const prefix = withoutTrailing((setting('storage.s3.prefix') ?? '').replace(/^\/+/, ''), '/')
  const pathStyle = setting('storage.s3.path-style') || undefined
  return {
    ...whereOf(context, NAME),
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint,
    region: region ?? (endpoint === undefined ? undefined : 'us-east-1'),
    pathStyle: pathStyle === undefined ? endpoint !== undefined : /^(?:1|t|true)$/i.test(pathStyle),
    requestMs: requestMs(context, NAME),
  }
}
