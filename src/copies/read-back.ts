/** What a write was worth: is everything there, found by a fresh look? Pure. */
import type { Backend, Found } from '../backend/backend.ts'
import { ProvError } from '../errors.ts'
import { type Entry, holds, sameBytes } from '../model/entry.ts'
import { holdsProofs, joinProofs, PROOFS, type ProofKind, type Proofs } from '../model/proofs.ts'

/**
 * The proofs that a backend keeps beside the signatures of such an entry: what else there is nobody misses there.
 *
 * @example keptBy(grafeas, entry) // []
 */
export function keptBy(
  { capabilities }: Pick<Backend, 'capabilities'>,
  { kind }: Pick<Entry, 'kind'>,
): readonly ProofKind[] {
  return capabilities.keepsProofs?.[kind] ?? PROOFS
}

/**
 * True when the items hold the payload and every signature of `entry`, and beside each those of its proofs that are among `kept`. Signatures, and
 * proofs of one, may lie in several items of a slot that holds many.
 *
 * @example isThere(await backend.get(slot, { signal }), entry, keptBy(backend, entry)) // true
 */
export function isThere(found: readonly Found[], entry: Entry, kept: readonly ProofKind[]): boolean {
  const entries = found.flatMap((item) => (item.entry === undefined ? [] : [item.entry]))
  return entry.signatures.every((signature) => {
    const holding = entries.filter((one) => holds(one, { ...entry, signatures: [signature] }))
    if (holding.length === 0) return false
    const same = holding.flatMap((one) => one.signatures.filter((other) => sameBytes(other.sig, signature.sig)))
    return holdsProofs(same.reduce<Proofs>(joinProofs, {}), signature, kept)
  })
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
