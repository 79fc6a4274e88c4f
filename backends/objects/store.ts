/** The least that a store of objects must do for the backends gcs and s3, over a service or over a directory. */
import type { CallOptions } from '../../src/backend/backend.ts'
import type { Objects } from '../../src/backend/objects.ts'

/** Reads end here: no copy is as large, and no server fills the memory. */
export const MAX_OBJECT_BYTES = 32 * 1024 * 1024

export type { ListedObject, StoredObject } from '../../src/backend/objects.ts'

/** Names are relative to the bucket's prefix or to the directory; what is read has at most {@link MAX_OBJECT_BYTES}. */
export interface ObjectStore extends Objects {
  /** The version that stands there now; undefined when absent. */
  head(name: string, options: CallOptions): Promise<string | undefined>
  /** Deletes only what `expect` names; what is gone already is not an error, and what has changed stays. */
  delete(name: string, expect: string, options: CallOptions): Promise<void>
  /**
   * Which abilities that writes need are missing, found out by writing an object of this name and removing it; for services that refused a
   * write. Absent: cannot be missing.
   */
  missing?(name: string, options: CallOptions): Promise<readonly ('checksums' | 'conditions')[]>
}
