/** Where an entry belongs in the memory backend: one slot a subject, shared by all entries of one kind about it. Pure. */

import type { About, ListFilter, Slot } from '../../src/backend/backend.ts'
import { runKey } from '../../src/model/artifact.ts'
import { type Entry, sha256Hex } from '../../src/model/entry.ts'

export const NAME = 'memory'

/**
 * Every slot of such an entry: one for each digest of a subject (`dsse/ghcr.io/acme/app@sha256:<hex>`), or one for the run
 * when there is no subject (`dsse/taskrun-<uid>`). A Statement without subjects has its own digest for a name.
 *
 * @example slotsOf({ artifact: run, kind: 'dsse', subjects }).map((slot) => slot.key)
 */
export function slotsOf({ artifact, kind, subjects }: About): readonly Slot[] {
  const places = subjects.flatMap(({ name, digest }) =>
    Object.entries(digest).map(([algorithm, hex]) => ({ place: `${name}@${algorithm}:${hex}`, digest: hex })),
  )
  const unique = [...new Map(places.map((p) => [p.place, p])).values()]
  if (unique.length > 0) return unique.map((address) => slot(kind, address))
  if (artifact.type === 'run') return [slot(kind, { place: runKey(artifact) })]
  if (artifact.type === 'statement') return [slot(kind, { place: `statement-${sha256Hex(artifact.payload)}` })]
  return []
}

function slot(kind: Slot['kind'], address: Readonly<Record<string, string>> & { readonly place: string }): Slot {
  return { backend: NAME, key: `${kind}/${address.place}`, kind, holds: 'many', address }
}

/** True when the slot passes the filter; `namespace` is not known here and must have been refused before. */
export function passes(place: Slot, filter: ListFilter): boolean {
  if (filter.kind !== undefined && filter.kind !== place.kind) return false
  return filter.subject === undefined || filter.subject === place.address['digest']
}

/** A copy that shares no memory with the original, so that nobody can change what is stored. */
export function copyOf(entry: Entry): Entry {
  return structuredClone(entry)
}

/** The entry's bytes as the store counts them: payload, signatures, what came with them, and the envelope. */
export function rawOf(entry: Entry): Uint8Array {
  const parts = [entry.envelope ?? entry.payload]
  for (const s of entry.signatures) {
    const texts = [s.certificate, s.chain, s.logProof, ...(s.logEntries ?? [])]
    parts.push(s.sig, Buffer.from(texts.join('')), ...(s.timestamps ?? []))
  }
  return new Uint8Array(Buffer.concat(parts))
}
