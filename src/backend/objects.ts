/** Objects of a bucket or of a folder, for what is not a copy of an entry: key sets. Fulfilled by what gcs and s3 are built on. */
import type { ErrorJson } from '../errors.ts'
import type { CallOptions } from '../platform/async/call.ts'

export interface StoredObject {
  readonly bytes: Uint8Array
  /** Opaque: names these bytes of this object (S3: ETag, GCS: generation). */
  readonly version: string
  /** What stands there is not an object, such as a link in a directory, and why; then `bytes` is empty. */
  readonly damage?: ErrorJson
}

export interface ListedObject {
  readonly name: string
  /** Bytes; undefined where the service did not say. */
  readonly size: number | undefined
}

/** How an object is served to the world; a folder has no place for it. */
export interface Served {
  /** Media type. Default: application/octet-stream. */
  readonly type: string
  /** Value of Cache-Control. */
  readonly cache: string
}

export interface PutOptions extends CallOptions {
  readonly served?: Served
}

/** Names are `FOLDER/FILE`. Every call throws ProvErrors that name backend, operation and place. */
export interface Objects {
  /** undefined when absent; `denied` where the service does not tell absence from prohibition. */
  get(name: string, options: CallOptions): Promise<StoredObject | undefined>
  /** Writes only where `expect` stands (null: nothing), and gives the new version; undefined: something else stands there. */
  put(name: string, bytes: Uint8Array, expect: string | null, options: PutOptions): Promise<string | undefined>
  /** Streams page by page. */
  list(prefix: string, options: CallOptions): AsyncIterable<ListedObject>
  close(): void
}
