/** The backends by name. Each is imported only when it is used: its SDK costs nothing to those who do not. */
import type { Backend, Context } from '../src/backend/backend.ts'
import type { Objects } from '../src/backend/objects.ts'
import type { BackendRow } from '../src/backend/row.ts'
import { ProvError } from '../src/errors.ts'
import { nearest } from '../src/platform/text/suggest.ts'
import * as ROWS from './rows.ts'

export { type ArchivistaOptions, openArchivista } from './archivista/options.ts'
export { type DocdbOptions, openDocdb } from './docdb/options.ts'
export { type GcsOptions, openGcs } from './gcs/options.ts'
export { type GrafeasOptions, openGrafeas } from './grafeas/options.ts'
export { type OciOptions, openOci } from './oci/options.ts'
export { openPubsub, type PubsubOptions } from './pubsub/options.ts'
export { openS3, type S3Options } from './s3/options.ts'
export type { Surroundings } from './shared/embedded.ts'
export { openTekton, type TektonOptions } from './tekton/options.ts'

/** The order in help, docs and messages; a backend that is not named here comes after these, by its name. */
const FIRST = ['tekton', 'oci', 'docdb', 'gcs', 's3', 'archivista', 'grafeas', 'pubsub', 'kafka', 'memory'] as const

type Rows = Readonly<Record<string, BackendRow>>

/** Keeps the names and the keys, and forgets in which module they stand: the declarations of the package name no backend's inside. */
function inOrder<All extends Rows>(
  rows: All,
  first: readonly (keyof All & string)[],
): { readonly [Name in keyof All]: All[Name] } {
  const names = new Set([...first, ...Object.keys(rows).sort()])
  return Object.fromEntries([...names].map((name) => [name, rows[name]])) as All
}

export const BACKENDS = inOrder(ROWS, FIRST)

export type BackendName = keyof typeof BACKENDS

/**
 * Opens a backend by its name. Throws `backend_unknown`, with the nearest name as a hint, for any other.
 *
 * @example const backend = await openBackend('oci', context)
 */
export async function openBackend(name: string, context: Context): Promise<Backend> {
  if (isBackend(name)) return (await BACKENDS[name].load()).open(context)
  throw noSuchBackend(name)
}

/**
 * Names that a command may be given: those whose copies outlive it.
 *
 * @example lastingBackends().includes('memory') // false
 */
export function lastingBackends(): readonly BackendName[] {
  return (Object.keys(BACKENDS) as BackendName[]).filter((name) => BACKENDS[name].fleeting !== true)
}

/** @example isBackend('oci') // true */
export function isBackend(name: string): name is BackendName {
  return Object.hasOwn(BACKENDS, name)
}

/** The services whose buckets a URL may name, by its scheme. */
const BUCKETS = {
  gs: () => import('./gcs/bucket.ts'),
  s3: () => import('./s3/bucket.ts'),
} as const

/**
 * Opens the objects of a place that is named by a URL: `gs://BUCKET/PATH`, `s3://BUCKET/PATH` or `file:FOLDER`. Nothing is contacted before the
 * first call. Throws `usage` for what is not one of them, and `config_invalid` for settings of the service that are wrong.
 *
 * @example const { objects } = await openObjectsAt('gs://prov-keys/jwks', context)
 */
export async function openObjectsAt(
  url: string,
  context: Context,
): Promise<{ readonly root: string; readonly objects: Objects }> {
  const { prefixed, placeOf } = await import('./objects/place.ts')
  const place = placeOf(url)
  if (place.scheme === 'file') {
    const { directoryStore } = await import('./objects/directory.ts')
    return { root: place.root, objects: directoryStore(context, { backend: 'file', directory: place.folder }) }
  }
  const { openBucket } = await BUCKETS[place.scheme]()
  return { root: place.root, objects: prefixed(await openBucket(place.bucket, context), place.prefix) }
}

/** The error for a name that {@link openBackend} cannot open, so that the command line can be checked before anything is read. */
export function noSuchBackend(name: string): ProvError {
  const near = nearest(name, Object.keys(BACKENDS))
  return new ProvError('backend_unknown', `unknown backend ${JSON.stringify(name)}`, {
    hint: near === undefined ? `the backends are ${Object.keys(BACKENDS).join(', ')}` : `did you mean ${near}?`,
  })
}
