/** The port through which prov sees a store of manifests and blobs: a registry, or an image layout directory. */
import type { CallOptions } from '../../src/backend/backend.ts'
import type { ProvError } from '../../src/errors.ts'
import type { HttpResponse, Method } from '../../src/platform/http/exchange.ts'
import type { Referrer } from './bundles/layout.ts'

export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024
export const MAX_BLOB_BYTES = 32 * 1024 * 1024
/** Of one place, a tag or what refers to one image: layers or referrers, bytes of their blobs together, signatures in them. */
export const MAX_ITEMS = 1000
export const MAX_PLACE_BYTES = 64 * 1024 * 1024
export const MAX_PLACE_SIGNATURES = 2000
/** Of one repository. */
export const MAX_TAGS = 1_000_000

export interface Manifest {
  readonly bytes: Uint8Array
  readonly mediaType: string
  /** `sha256:<hex>` of the bytes. */
  readonly digest: string
  /** Why there are no bytes: the name is there, and what it stands for is altered, gone or no regular file. */
  readonly damage?: ProvError
}

export interface PutManifestOptions extends CallOptions {
  /**
   * What the reference must hold right now: a digest, or null for nothing. Only where {@link Registry.conditional} is
   * true; throws `conflict` when it holds something else.
   */
  readonly expect?: string | null
}

/**
 * `repo` is a normalised repository with its host (`ghcr.io/acme/app`), `ref` a tag or a digest. Errors: `denied`,
 * `throttled`, `unreachable`, `timed_out`, `server_error`, `response_too_large`, `response_invalid`, `digest_mismatch`,
 * `aborted`, `host_refused`.
 */
export interface Registry {
  /** True when `putManifest` keeps its `expect`. Registries do not: they answer 201 to a stale If-Match. */
  readonly conditional: boolean
  /** Undefined when the registry says that it is not there. A digest asked for is checked. */
  getManifest(repo: string, ref: string, options: CallOptions): Promise<Manifest | undefined>
  /** The digest of what was put. */
  putManifest(
    repo: string,
    ref: string,
    bytes: Uint8Array,
    mediaType: string,
    options: PutManifestOptions,
  ): Promise<string>
  /** Undefined when absent. The digest is checked. */
  getBlob(repo: string, digest: string, maxBytes: number, options: CallOptions): Promise<Uint8Array | undefined>
  hasBlob(repo: string, digest: string, options: CallOptions): Promise<boolean>
  /** The digest of what was put. */
  putBlob(repo: string, bytes: Uint8Array, options: CallOptions): Promise<string>
  /** By digest or tag; what is not there any more is not an error. Throws `not_supported` where the registry forbids it. */
  deleteManifest(repo: string, ref: string, options: CallOptions): Promise<void>
  /** Every tag of a repository, page by page; nothing when there is no such repository. */
  listTags(repo: string, options: CallOptions): AsyncIterable<string>
  /**
   * What refers to the manifest of that digest, bounded; undefined where the registry has no such list, and its clients keep one
   * under a tag. Absent: never has. Throws `response_too_large` beyond the bound.
   */
  listReferrers?(repo: string, digest: string, options: CallOptions): Promise<readonly Referrer[] | undefined>
  /** Every repository that is there; undefined where that cannot be asked. */
  listRepositories?(options: CallOptions): AsyncIterable<string>
  /**
   * Any other request to the registry of `repo`, for a diagnosis: its answer below 400, what it refuses as an error (404 as `absent`, 405
   * as `not_supported`). Absent for an image layout: only a registry can be asked.
   */
  ask?(repo: string, question: Question, options: CallOptions): Promise<HttpResponse>
  close(): void
}

export interface Question {
  readonly method: Method
  /** From the root of the registry, or a URL that it gave. */
  readonly path: string
  /** Whether the credentials must be good for writing. */
  readonly actions: 'pull' | 'pull,push'
}
