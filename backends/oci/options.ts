/** Options of oci for programs that embed prov. */
import type { Backend } from '../../src/backend/backend.ts'
import { contextOf, type Surroundings } from '../shared/embedded.ts'

/** Registries, or an image layout directory. */
export interface OciOptions {
  /** Holds all copies; absent: each lies beside its image. */
  readonly repository?: string
  /** An OCI image layout directory in place of registries. */
  readonly layout?: string
  readonly encodings?: readonly ('dsse' | 'sigstore-bundle')[]
  /** How writers of one tag are kept apart: cheap, or certain. */
  readonly tagWrites?: 'readback' | 'markers'
  /** The only registries that may be contacted. */
  readonly hosts?: readonly string[]
  /** Plain http. */
  readonly insecure?: boolean
  /** Certificates (PEM) to believe beside the usual ones. */
  readonly caFile?: string
  /** Longest time of one request. */
  readonly timeoutMs?: number
}

const KEYS = {
  repository: 'storage.oci.repository',
  layout: 'storage.oci.layout',
  encodings: 'storage.oci.encoding-format',
  tagWrites: 'storage.oci.tag-writes',
  hosts: 'storage.oci.hosts',
  insecure: 'storage.oci.repository.insecure',
  caFile: 'storage.oci.ca-file',
  timeoutMs: 'storage.oci.timeout',
} as const satisfies Record<keyof OciOptions, string>

/**
 * Connects on first use. Throws what the settings of the same meaning are refused for.
 *
 * @example const backend = await openOci({ repository: 'ghcr.io/acme/provenance', tagWrites: 'markers' })
 */
export async function openOci(options: OciOptions, surroundings?: Surroundings): Promise<Backend> {
  return (await import('./backend.ts')).open(contextOf(options, KEYS, surroundings))
}
