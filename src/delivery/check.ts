/** Before anything leaves a truth: is a claimed row what it was when it was committed, and may this worker deliver it? Pure. */
import type { About, Backend, Slot } from '../backend/backend.ts'
import { asProvError, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import type { Entry } from '../model/entry.ts'
import { relation } from '../provenance/identity.ts'
import type { Trust } from '../trust/trusted-keys.ts'
import { checkEntry } from '../trust/verify-entry.ts'
import { aboutOf, entryOfBytes, truthUri } from '../truth/kept.ts'
import { type Claimed, SEAL } from '../truth/truth.ts'

export interface GoodRow {
  readonly verdict: 'good'
  readonly entry: Entry
  readonly about: About
}

/**
 * `untrusted`: signed by none of the keys given, so that another worker has to look. `altered`: not what was signed, or about another
 * artifact. `held`: the backend would not keep a copy of it there.
 */
export type Checked = GoodRow | { readonly verdict: 'untrusted' | 'altered' | 'held'; readonly error: ErrorJson }

/**
 * Verifies the entry under the keys given, and that entry, artifact and location still belong together.
 *
 * @example checkRow(claimed, oci, trust).verdict // 'good'
 */
export function checkRow(row: Claimed, backend: Pick<Backend, 'name' | 'slots'>, trust: Trust): Checked {
  const checked = checkEntryOf(row, trust)
  if (checked.verdict !== 'good' || row.target === SEAL) return checked
  return hasSlot(backend, checked.about, row.slot) ?? checked
}

/**
 * The same without the location: whether the entry may leave the truth at all.
 *
 * @example checkEntryOf(row, trust).verdict // 'altered'
 */
export function checkEntryOf(row: Claimed, trust: Trust): Checked {
  const keys = trust.keys.map(({ keyid }) => keyid)
  const isOurs = row.keyids.some((keyid) => keys.includes(keyid))
  let entry: Entry
  let about: About
  try {
    entry = entryOfBytes(row.entry)
    about = aboutOf(row)
  } catch (thrown) {
    const error = errorJson(asProvError(thrown))
    return isOurs ? { verdict: 'altered', error } : untrusted()
  }
  const { verified, failed } = checkEntry(entry, trust)
  if (verified.length === 0) {
    if (!isOurs) return untrusted()
    const message = `the entry was changed after it was committed: ${failed[0]?.message ?? 'it has no signature'}`
    return altered('signature_invalid', message)
  }
  if (
    truthUri(about.artifact) !== row.uri ||
    relation(entry, about.artifact, about.subjects, row.slot.holds) !== 'same'
  ) {
    return altered(
      'wrong_artifact',
      'the signature verifies, but the entry is about another artifact than its row says',
    )
  }
  return { verdict: 'good', entry, about }
}

function untrusted(): Checked {
  return { verdict: 'untrusted', error: { code: 'key_untrusted', message: 'it is signed by none of the keys given' } }
}

function altered(code: 'signature_invalid' | 'wrong_artifact', message: string): Checked {
  return { verdict: 'altered', error: { code, message } }
}

/** Undefined when the backend itself would name this very location for the artifact. */
function hasSlot(backend: Pick<Backend, 'name' | 'slots'>, about: About, slot: Slot): Checked | undefined {
  try {
    if (backend.slots(about).some((own) => isSame(own, slot))) return undefined
    const message = 'this backend, as it is configured here, does not keep the entry at that location'
    throw new ProvError('config_invalid', message, { location: slot.key })
  } catch (thrown) {
    return { verdict: 'held', error: { ...errorJson(asProvError(thrown)), backend: backend.name } }
  }
}

function isSame(a: Slot, b: Slot): boolean {
  const names = new Set([...Object.keys(a.address), ...Object.keys(b.address)])
  return (
    a.key === b.key &&
    a.kind === b.kind &&
    a.holds === b.holds &&
    [...names].every((name) => a.address[name] === b.address[name])
  )
}
