/** Bytes that an entry takes in a registry. Pure. */
import type { Slot } from '../../src/backend/backend.ts'
import type { Entry } from '../../src/model/entry.ts'
import { bundlesOf } from './bundles/layout.ts'
import { failure } from './failure.ts'
import { MAX_BLOB_BYTES } from './port.ts'

/** About 900 bytes of manifest and 500 of the index come with each bundle. */
const REFERRER_BYTES = 1400

/** All bundles of the entry, with what comes with each. Throws `entry_too_large`. */
export function bundleSize(entry: Entry, slot: Slot): number {
  const sizes = bundlesOf(entry).map((bundle) => bundle.length)
  refuseTooLarge(Math.max(...sizes), slot)
  return sizes.reduce((sum, size) => sum + size + REFERRER_BYTES, 0)
}

/** Throws `entry_too_large` for a blob that no registry is asked to hold. */
export function refuseTooLarge(bytes: number, slot: Slot): void {
  if (bytes <= MAX_BLOB_BYTES) return
  const where = { operation: 'put', location: slot.key }
  throw failure('entry_too_large', `the entry is ${bytes} bytes, over the ${MAX_BLOB_BYTES} this backend holds`, where)
}
