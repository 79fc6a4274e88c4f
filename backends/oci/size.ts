/** Bytes that an entry takes in a registry. Pure. */
import type { Slot } from '../../src/backend/backend.ts'
import type { Entry } from '../../src/model/entry.ts'
import { bundlesOf } from './bundles/layout.ts'
import { failure } from './failure.ts'
import { MAX_BLOB_BYTES } from './port.ts'

/** About 900 bytes of manifest and 500 of the index come with each bundle. */
const REFERRER_BYTES = 1400
/** In a manifest, of which registries take at most 4 MiB. */
const MAX_BESIDE_BYTES = 2 * 1024 * 1024

/** All bundles of the entry, with what comes with each. Throws `entry_too_large`. */
export function bundleSize(entry: Entry, slot: Slot): number {
  const bundles = bundlesOf(entry)
  refuseTooLarge(Math.max(...bundles.map(({ bytes }) => bytes.length)), slot)
  const beside = bundles.map(({ proofs = '' }) => Buffer.byteLength(proofs))
  if (Math.max(...beside) > MAX_BESIDE_BYTES) {
    const where = { operation: 'put', location: slot.key }
    const message = `the proofs beside a bundle are over the ${MAX_BESIDE_BYTES} bytes that its manifest holds`
    throw failure('entry_too_large', message, where)
  }
  return bundles.reduce((sum, { bytes }, i) => sum + bytes.length + (beside[i] ?? 0) + REFERRER_BYTES, 0)
}

/** Throws `entry_too_large` for a blob that no registry is asked to hold. */
export function refuseTooLarge(bytes: number, slot: Slot): void {
  if (bytes <= MAX_BLOB_BYTES) return
  const where = { operation: 'put', location: slot.key }
  throw failure('entry_too_large', `the entry is ${bytes} bytes, over the ${MAX_BLOB_BYTES} this backend holds`, where)
}
