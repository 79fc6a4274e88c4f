/** What a write was worth: is everything there, found by a fresh look? Pure. */
import type { Found } from '../backend/backend.ts'
import { ProvError } from '../errors.ts'
import { type Entry, holds } from '../model/entry.ts'

/**
 * True when the items hold the payload and every signature of `entry`, which may lie in several items of a slot that holds many.
 *
 * @example isThere(await backend.get(slot, { signal }), entry) // true
 */
export function isThere(found: readonly Found[], entry: Entry): boolean {
  const entries = found.flatMap((item) => (item.entry === undefined ? [] : [item.entry]))
  return entry.signatures.every((signature) => entries.some((e) => holds(e, { ...entry, signatures: [signature] })))
}

/** The error for a write that a fresh look does not find. */
export function notThere(backend: string, slot: string): ProvError {
  return new ProvError('read_back_failed', 'the copy was written, but a fresh look does not find it as written', {
    backend,
    operation: 'read back',
    location: slot,
    hint: 'run the same command again; if it persists, the backend loses or alters what it accepts',
  })
}
