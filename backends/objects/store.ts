/** The least that a store of objects must do for the backends gcs and s3, over a service or over a directory. */
import type { CallOptions } from '../../src/backend/backend.ts'
import type { ErrorJson } from '../../src/errors.ts'

/** Reads end here: no copy is as large, and no server fills the memory. */
export const MAX_OBJECT_BYTES = 32 * 1024 * 1024

export interface StoredObject {
  readonly bytes: Uint8Array
  /** Opaque: names these bytes of this object (S3: ETag, GCS: generation). */
  readonly version: string
  /** What stands there is no object, such as a link in a directory, and why; then `bytes` is empty. */
  readonly damage?: ErrorJson
}

export interface ListedObject {
  readonly name: string
  /** Bytes; undefined where the service did not say. */
  readonly size: number | undefined
}

/** Names are relative to the bucket's prefix or to the directory. Every call throws ProvErrors that name backend, operation and place. */
export interface ObjectStore {
  /** undefined when absent; `denied` where the service does not tell absence from prohibition. At most {@link MAX_OBJECT_BYTES}. */
  get(name: string, options: CallOptions): Promise<StoredObject | undefined>
  /** The version that stands there now; undefined when absent. */
  head(name: string, options: CallOptions): Promise<string | undefined>
  /** Writes only where `expect` stands (null: nothing), and gives the new version; undefined: something else stands there. */
  put(name: string, bytes: Uint8Array, expect: string | null, options: CallOptions): Promise<string | undefined>
  /** Deletes only what `expect` names; what is gone already is not an error, and what has changed stays. */
  delete(name: string, expect: string, options: CallOptions): Promise<void>
  /** Streams page by page. */
  list(prefix: string, options: CallOptions): AsyncIterable<ListedObject>
  /**
   * Which abilities that writes need are missing, found out by writing an object of this name and removing it; for services that refused a
   * write. Absent: cannot be missing.
   */
  missing?(name: string, options: CallOptions): Promise<readonly ('checksums' | 'conditions')[]>
  close(): void
}
