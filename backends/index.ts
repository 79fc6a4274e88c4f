/** The backends by name. Each is imported only when it is used: its SDK costs nothing to those who do not. */
import type { Backend, Context, OpenBackend } from '../src/backend/backend.ts'
import { ProvError } from '../src/errors.ts'
import { nearest } from '../src/platform/text/suggest.ts'

export { type ArchivistaOptions, openArchivista } from './archivista/options.ts'
export { type DocdbOptions, openDocdb } from './docdb/options.ts'
export { type GcsOptions, openGcs } from './gcs/options.ts'
export { type GrafeasOptions, openGrafeas } from './grafeas/options.ts'
export { type OciOptions, openOci } from './oci/options.ts'
export { openPubsub, type PubsubOptions } from './pubsub/options.ts'
export { openS3, type S3Options } from './s3/options.ts'
export type { Surroundings } from './shared/embedded.ts'
export { openTekton, type TektonOptions } from './tekton/options.ts'

export interface BackendRow {
  /** One line for help and docs. */
  readonly summary: string
  readonly load: () => Promise<{ readonly open: OpenBackend }>
  /** Keeps nothing once the process ends: for programs that embed prov, and refused on the command line. */
  readonly fleeting?: true
}

/** Keeps the names and forgets which module each is: the declarations of the package name no backend's inside. */
function byName<Name extends string>(rows: Readonly<Record<Name, BackendRow>>): Readonly<Record<Name, BackendRow>> {
  return rows
}

export const BACKENDS = byName({
  tekton: {
    summary:
      'annotations of the run, in its own file or on the live object in its cluster, as Tekton Chains writes them',
    load: () => import('./tekton/backend.ts'),
  },
  oci: {
    summary:
      "beside the image in its registry or in an OCI image layout directory, in cosign's tags or as Sigstore bundles",
    load: () => import('./oci/backend.ts'),
  },
  docdb: {
    summary: 'documents of MongoDB, Firestore, DynamoDB or an SQLite file, as Tekton Chains writes them',
    load: () => import('./docdb/backend.ts'),
  },
  gcs: {
    summary: 'objects in Google Cloud Storage or in a directory, as Tekton Chains writes them',
    load: () => import('./gcs/backend.ts'),
  },
  s3: {
    summary: 'objects in S3 or in a directory, under the names that Tekton Chains uses in Google Cloud Storage',
    load: () => import('./s3/backend.ts'),
  },
  archivista: {
    summary: 'envelopes in an Archivista server, as Tekton Chains uploads them; read back by subject',
    load: () => import('./archivista/backend.ts'),
  },
  grafeas: {
    summary: "notes and occurrences of Google's Container Analysis, under the names that Tekton Chains gives them",
    load: () => import('./grafeas/backend.ts'),
  },
  pubsub: {
    summary: 'messages of Google Pub/Sub or Kafka, as Tekton Chains forms them; write-only: told, never counted',
    load: () => import('./pubsub/backend.ts'),
  },
  kafka: {
    summary: "pubsub with the provider kafka, under the name that Tekton Chains' configuration has for it",
    load: () => import('./kafka/backend.ts'),
  },
  memory: {
    summary: 'the memory of the process, for tests and for embedding',
    load: () => import('./memory/backend.ts'),
    fleeting: true,
  },
})

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

/** The error for a name that {@link openBackend} cannot open, so that the command line can be checked before anything is read. */
export function noSuchBackend(name: string): ProvError {
  const near = nearest(name, Object.keys(BACKENDS))
  return new ProvError('backend_unknown', `unknown backend ${JSON.stringify(name)}`, {
    hint: near === undefined ? `the backends are ${Object.keys(BACKENDS).join(', ')}` : `did you mean ${near}?`,
  })
}
