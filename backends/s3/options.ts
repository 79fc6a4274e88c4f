/** Options of s3 for programs that embed prov. */
import type { Backend } from '../../src/backend/backend.ts'
import { contextOf, type Surroundings } from '../shared/embedded.ts'

/** S3, or a directory: exactly one of `bucket` and `directory`. */
export interface S3Options {
  readonly bucket?: string
  /** Stands in for a bucket, with the same names. */
  readonly directory?: string
  /** Folder in the bucket that holds all objects. */
  readonly prefix?: string
  /** URL of a service other than AWS. */
  readonly endpoint?: string
  readonly region?: string
  /** The bucket is named in the path of a URL; default: true with an endpoint. */
  readonly pathStyle?: boolean
  /** Longest time of one request. */
  readonly timeoutMs?: number
}

const KEYS = {
  bucket: 'storage.s3.bucket',
  directory: 'storage.s3.directory',
  prefix: 'storage.s3.prefix',
  endpoint: 'storage.s3.endpoint',
  region: 'storage.s3.region',
  pathStyle: 'storage.s3.path-style',
  timeoutMs: 'storage.s3.timeout',
} as const satisfies Record<keyof S3Options, string>

/**
 * Connects on first use. Throws what the settings of the same meaning are refused for.
 *
 * @example const backend = await openS3({ bucket: 'provenance', region: 'eu-central-1' })
 */
export async function openS3(options: S3Options, surroundings?: Surroundings): Promise<Backend> {
  return (await import('./backend.ts')).open(contextOf(options, KEYS, surroundings))
}
