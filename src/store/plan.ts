/** What a store would do, before the key is touched: one row per (entry, backend, slot). Pure data; serialises to JSON. */

import type { Slot } from '../backend/backend.ts'
import { type Judged, spoiledCopy } from '../copies/judge-slot.ts'
import type { ErrorJson } from '../errors.ts'
import { meaningOf } from '../model/canonical.ts'
import { type Entry, holds } from '../model/entry.ts'
import { formatOf } from '../provenance/detect-format.ts'
import type { Look } from '../verify/agree.ts'

/**
 * `present`: a copy that verifies stands there. `write`: the place is free. `replace`: what stands there is damaged (or, with
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
}

export interface PlanOptions {
  /** Bytes of the native form; throws `entry_too_large`. */
  readonly size: (slot: Slot) => { readonly bytes: number } | { readonly error: ErrorJson }
  readonly resign: boolean
  /** Backends in which this run's neighbouring place is signed by a key that was not given: a raw signature there is not damage. */
  readonly foreign: ReadonlySet<string>
}

/**
 * The row of one look.
 *
 * @example planRow(look, entry, { size, resign: false, foreign: new Set() }).action // 'write'
 */
export function planRow(look: Look, entry: Entry, options: PlanOptions): PlanRow {
  const { backend, slot } = look
  if (look.sendTo !== undefined) {
    const size = sized(look.sendTo, options)
    return { backend, slot: look.sendTo, action: 'error' in size ? 'blocked' : 'send', ...size }
  }
  if (slot === undefined)
    return { backend, action: 'not_kept', ...(look.error === undefined ? {} : { error: look.error }) }
  if (look.judged === undefined) {
    return {
      backend,
      slot,
      action: 'attempt',
      ...sized(slot, options),
      ...(look.error === undefined ? {} : { error: look.error }),
    }
  }
  const { judged } = look
  const damaged = slot.holds === 'one' && judged.others.some((other) => other.claims)
  if (judged.good.length > 0 && !damaged) return goodRow(look, slot, judged, entry, options)
  if (damaged) {
    const foreign = foreignSigner(judged, options.foreign.has(backend))
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

function goodRow(look: Look, slot: Slot, judged: Judged, entry: Entry, options: PlanOptions): PlanRow {
  const base = { backend: look.backend, slot }
  if (judged.good.some((copy) => holds(copy.found.entry, entry))) return { ...base, action: 'present' }
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
