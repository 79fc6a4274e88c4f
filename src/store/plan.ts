/** What a store would do, before the key is touched: one row per (entry, backend, slot). Pure data; serialises to JSON. */

import type { Slot } from '../backend/backend.ts'
import { type Judged, spoiledCopy } from '../copies/judge-slot.ts'
import { isThere } from '../copies/read-back.ts'
import type { Reading } from '../copies/read-copies.ts'
import type { ErrorJson } from '../errors.ts'
import { meaningOf } from '../model/canonical.ts'
import { type Entry, holds } from '../model/entry.ts'
import type { ProofKind } from '../model/proofs.ts'
import { formatOf } from '../provenance/detect-format.ts'

/**
 * `present`: a copy that verifies stands there. `write`: the place is free, or the copy there lacks proofs of this entry. `replace`: what stands there is damaged (or, with
 * --resign, older). `attempt`: could not look, will try. `blocked`: holds what prov must not overwrite, or can never fit.
 * `not_kept`: this backend does not keep such an entry. `send`: a write-only store gets it, each time.
 */
export type Action = 'present' | 'write' | 'replace' | 'attempt' | 'blocked' | 'not_kept' | 'send'

export interface PlanRow {
  readonly backend: string
  readonly slot?: Slot
  readonly action: Action
  /** What the copy adds to this backend in its native form, in bytes. */
  readonly bytes?: number
  /** Why `blocked` or `attempt`. */
  readonly error?: ErrorJson
  /** Why the copy that is `present` is not byte for byte this entry. */
  readonly detail?: string
  /** The run's neighbouring place here is signed by a key that was not given: a raw signature that does not verify is not damage. */
  readonly foreign?: true
  /** --resign: the entry takes the place of every copy of ours. */
  readonly resign?: true
}

export interface PlanOptions {
  /** Bytes of the native form; throws `entry_too_large`. */
  readonly size: (slot: Slot) => { readonly bytes: number } | { readonly error: ErrorJson }
  readonly resign: boolean
  /** See {@link PlanRow}. */
  readonly foreign: boolean
  /** The proofs that the backend keeps beside the signatures of the entry. */
  readonly kept: readonly ProofKind[]
}

/**
 * The row of one look.
 *
 * @example planRow(reading, entry, { size, resign: false, foreign: false, kept: PROOFS }).action // 'write'
 */
export function planRow(reading: Reading, entry: Entry, options: PlanOptions): PlanRow {
  const { foreign, resign } = options
  return { ...rowFor(reading, entry, options), ...(foreign ? { foreign } : {}), ...(resign ? { resign } : {}) }
}

function rowFor(reading: Reading, entry: Entry, options: PlanOptions): PlanRow {
  const { backend, slot } = reading
  if (reading.sendTo !== undefined) {
    const size = sized(reading.sendTo, options)
    return { backend, slot: reading.sendTo, action: 'error' in size ? 'blocked' : 'send', ...size }
  }
  if (slot === undefined)
    return { backend, action: 'not_kept', ...(reading.error === undefined ? {} : { error: reading.error }) }
  const uncertified = withoutCertificate(entry, options.kept)
  if (uncertified !== undefined) return { backend, slot, action: 'blocked', error: uncertified }
  if (reading.judged === undefined) {
    return {
      backend,
      slot,
      action: 'attempt',
      ...sized(slot, options),
      ...(reading.error === undefined ? {} : { error: reading.error }),
    }
  }
  const { judged } = reading
  const damaged = slot.holds === 'one' && judged.others.some((other) => other.claims)
  if (judged.good.length > 0 && !damaged) return goodRow(reading, slot, judged, entry, options)
  if (damaged) {
    const foreign = foreignSigner(judged, options.foreign)
    if (foreign !== undefined) return { backend, slot, action: 'blocked', error: foreign }
  }
  const otherFormat = slot.holds === 'one' && entry.kind === 'dsse' ? judged.neighbours[0]?.entry : undefined
  if (otherFormat !== undefined && !options.resign) {
    const message = `holds this artifact in another format (${formatOf(otherFormat)}), and has room for one`
    return {
      backend,
      slot,
      action: 'blocked',
      error: { code: 'occupied', message, hint: '--resign puts the new one in its place' },
    }
  }
  const size = sized(slot, options)
  if ('error' in size) return { backend, slot, action: 'blocked', ...size }
  const replaces = damaged || otherFormat !== undefined || spoiledCopy(judged, entry) !== undefined
  return { backend, slot, action: replaces ? 'replace' : 'write', ...size }
}

/** A signature of a certificate's key is worth nothing without the certificate. */
function withoutCertificate({ signatures }: Entry, kept: readonly ProofKind[]): ErrorJson | undefined {
  if (kept.includes('certificate') || signatures.every(({ certificate }) => certificate === undefined)) return undefined
  return {
    code: 'not_supported',
    message: 'this backend has no place for the certificate that the signature needs',
    hint: 'leave this backend out of --storage, or make it optional with --optional; or sign with a key',
  }
}

function goodRow(reading: Reading, slot: Slot, judged: Judged, entry: Entry, options: PlanOptions): PlanRow {
  const base = { backend: reading.backend, slot }
  if (judged.good.some((copy) => holds(copy.found.entry, entry))) {
    const found = judged.good.map((copy) => copy.found)
    if (isThere(found, entry, options.kept)) return { ...base, action: 'present' }
    const size = sized(slot, options)
    return { ...base, action: 'error' in size ? 'blocked' : 'write', ...size }
  }
  if (options.resign) return { ...base, action: 'replace', ...sized(slot, options) }
  const first = judged.good[0]
  const same = first !== undefined && meaningOf(first.found.entry.payload) === meaningOf(entry.payload)
  if (!same) {
    const message = 'holds a copy that verifies and means something else than the one chosen'
    const hint = 'prov verify says where they differ; --resign puts a new one in the place of both'
    return { ...base, action: 'blocked', error: { code: 'drift', message, hint } }
  }
  return { ...base, action: 'present', detail: 'holds the same meaning under another valid signature or serialisation' }
}

function sized(slot: Slot, options: PlanOptions): { bytes: number } | { error: ErrorJson } {
  return options.size(slot)
}

/** Why damage in a slot that holds one must not be replaced: a key that we were not given may have signed it. */
export function foreignSigner(judged: Judged, foreign: boolean): ErrorJson | undefined {
  const other = judged.others.find(
    (o) => o.claims && (o.code === 'key_untrusted' || (foreign && o.code === 'signature_invalid')),
  )
  if (other === undefined) return undefined
  return {
    code: 'occupied',
    message: `holds an entry signed by a key that was not given (${other.message})`,
    location: other.found.location,
    hint: 'name that key with --verify-key to build on its signature',
  }
}
