/** What the configuration says to this backend. Pure. */
import type { Context } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { parseRepository, registryOf } from '../../src/model/image-reference.ts'
import { durationMs } from '../../src/platform/text/duration.ts'
import { normalHost } from './registry/hosts.ts'

export type Encoding = 'dsse' | 'sigstore-bundle'

export interface OciSettings {
  /** `dsse`: cosign's tags. `sigstore-bundle`: referrers. At least one. */
  readonly encodings: readonly Encoding[]
  /** Where all copies go instead of beside their images; normalised. */
  readonly repository: string | undefined
  readonly insecure: boolean
  /** Allow-list of hosts as written. */
  readonly hosts: string | undefined
  /** Directory of an OCI image layout; no registry is contacted then. */
  readonly layout: string | undefined
  readonly tagWrites: 'readback' | 'markers'
  readonly caFile: string | undefined
  /** Longest time one request may take. */
  readonly requestMs: number
}

/** Chains' booleans: Go's strconv.ParseBool; anything else counts as false there as well. */
const TRUE: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True']
/**
 * Throws `config_invalid` for a value that is not allowed.
 *
 * @example readSettings(context).tagWrites // 'readback'
 */
export function readSettings(context: Pick<Context, 'setting'>): OciSettings {
  const setting = (key: string) => context.setting(key) || undefined
  const repository = setting('storage.oci.repository')
  const tagWrites = setting('storage.oci.tag-writes') ?? 'readback'
  if (tagWrites !== 'readback' && tagWrites !== 'markers')
    throw invalid('storage.oci.tag-writes', 'readback or markers')
  return {
    encodings: encodingsOf(setting('storage.oci.encoding-format') ?? 'dsse'),
    repository: repository === undefined ? undefined : ownRepository(repository),
    insecure: TRUE.includes(setting('storage.oci.repository.insecure') ?? ''),
    hosts: setting('storage.oci.hosts'),
    layout: setting('storage.oci.layout'),
    tagWrites,
    caFile: setting('storage.oci.ca-file'),
    requestMs: duration('storage.oci.timeout', setting('storage.oci.timeout') ?? '60s'),
  }
}

function encodingsOf(text: string): readonly Encoding[] {
  const isEncoding = (item: string): item is Encoding => item === 'dsse' || item === 'sigstore-bundle'
  const items = text.split(',').map((item) => item.trim())
  const known = [...new Set(items.filter(isEncoding))]
  if (items.every(isEncoding)) return known
  throw invalid('storage.oci.encoding-format', 'dsse, sigstore-bundle, or both with a comma between')
}

function ownRepository(text: string): string {
  try {
    const repository = servable(parseRepository(text))
    if (repository !== undefined) return repository
  } catch (error) {
    if (error instanceof ProvError) throw new ProvError('config_invalid', `storage.oci.repository: ${error.message}`)
    throw error
  }
  throw invalid('storage.oci.repository', 'a repository, host/path')
}

/**
 * A normalised repository with its host in prov's one spelling, or undefined when no registry could serve it: its host is
 * none, or its path would climb out of the API's (`..`).
 *
 * @example servable('GHCR.io/acme/app') // 'ghcr.io/acme/app'
 */
export function servable(repository: string): string | undefined {
  const registry = registryOf(repository)
  const host = normalHost(registry)
  const path = repository.slice(registry.length + 1)
  const legal = path.split('/').every((part) => /^[a-z0-9_-][a-z0-9._-]*$/.test(part))
  return host === undefined || !legal ? undefined : `${host}/${path}`
}

function duration(key: string, text: string): number {
  const ms = durationMs(text)
  if (!(ms >= 1 && ms <= 3_600_000)) throw invalid(key, 'a duration such as 500ms, 30s or 2m, of at most an hour')
  return ms
}

function invalid(key: string, wanted: string): ProvError {
  return new ProvError('config_invalid', `${key} must be ${wanted}`, { backend: 'oci' })
}
