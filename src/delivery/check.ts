/** Before anything leaves a truth: is a claimed row what it was when it was committed, and may this worker deliver it? Pure. */

import type { About, Backend, Slot } from '../backend/backend.ts'
import { asProvError, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import { imagesOf } from '../input/images.ts'
import type { ImageArtifact, RunArtifact, Subject } from '../model/artifact.ts'
import type { Entry } from '../model/entry.ts'
import { readStatement } from '../model/statement.ts'
import { recordIn } from '../platform/text/guards.ts'
import { relation, simpleSigningImage, subjectKeys } from '../provenance/identity.ts'
import { contradictsPlace } from '../provenance/slot-names.ts'
import { runOf } from '../store/seal.ts'
import { keyNames } from '../trust/key-names.ts'
import type { Trust } from '../trust/trust.ts'
import { checkEntry } from '../trust/verify-entry.ts'
import { aboutOf, entryOfBytes, truthUri } from '../truth/kept.ts'
import { INDEX } from '../truth/term-pages.ts'
import { type Claimed, SEAL } from '../truth/truth.ts'

export interface GoodRow {
  readonly verdict: 'good'
  readonly entry: Entry
  readonly about: About
  /** Names of the keys under which it verifies. */
  readonly keyids: readonly string[]
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
  try {
    const entry = entryOfBytes(row.entry)
    const { verified, failed } = checkEntry(entry, trust)
    if (verified.length === 0) {
      if (!isOurs) return untrusted()
      const [fault] = failed
      if (fault?.code === 'key_revoked') return altered('key_revoked', fault.message)
      const message = `the entry was changed after it was committed: ${fault?.message ?? 'it has no signature'}`
      return altered('signature_invalid', message)
    }
    // Only now: what nobody we know has signed is not interpreted.
    const about = aboutOf(row)
    const doubt = doubtAbout(entry, about, row)
    return doubt === undefined
      ? { verdict: 'good', entry, about, keyids: keyNames(verified) }
      : altered('wrong_artifact', doubt)
  } catch (thrown) {
    const { code, message } = asProvError(thrown)
    if (!isOurs) return untrusted()
    // Whatever cannot be read was not written by prov.
    return { verdict: 'altered', error: { code: code === 'internal' ? 'copy_malformed' : code, message } }
  }
}

/**
 * Why the entry is not about what the database says. The database is not believed: names and uid have to be those of the run's own object, which
 * is compared with what is signed, and subjects, from which locations follow, those that are signed.
 */
function doubtAbout(entry: Entry, about: About, row: Claimed): string | undefined {
  const { artifact, subjects } = about
  if (truthUri(artifact) !== row.uri || relation(entry, artifact, subjects, row.slot.holds) !== 'same') {
    return 'the signature verifies, but the entry is about another artifact than its row says'
  }
  const run = runWithObject(row, runOf(artifact))
  if (run !== undefined && !isItself(run)) return "the truth names another run than the run's own object does"
  const statement = entry.kind === 'dsse' ? readStatement(entry.payload) : undefined
  if (artifact.type === 'run' && (statement === undefined || contradictsPlace(statement, artifact))) {
    return 'what is signed names another run than the truth does'
  }
  if (artifact.type === 'image' && run !== undefined && !imagesOf(run).images.some((one) => isImage(one, artifact))) {
    return 'the run did not build this image'
  }
  const signed = new Set(subjectKeys(statement?.subjects ?? subjectsOfImage(entry)))
  return subjectKeys(subjects).every((key) => signed.has(key))
    ? undefined
    : 'the truth names subjects that are not signed'
}

/**
 * The run, unless the index alone is owed and nobody has the run's object: of an imported entry the index gets what is signed, and no name that the
 * run would have to vouch for.
 */
function runWithObject({ target }: Claimed, run: RunArtifact | undefined): RunArtifact | undefined {
  return target === INDEX && run?.claim !== undefined ? undefined : run
}

function isItself({ kind, namespace, name, uid, object, claim }: RunArtifact): boolean {
  const metadata = recordIn(object['metadata'])
  return (
    claim === undefined &&
    object['kind'] === kind &&
    metadata['uid'] === uid &&
    metadata['name'] === name &&
    (metadata['namespace'] ?? 'default') === namespace
  )
}

function isImage({ image }: ImageArtifact, other: ImageArtifact): boolean {
  return image.repository === other.image.repository && image.digest === other.image.digest
}

function subjectsOfImage(entry: Entry): readonly Subject[] {
  const image = simpleSigningImage(entry.payload)
  if (image === undefined) return []
  return [{ name: image.repository, digest: { sha256: image.digest.slice('sha256:'.length) } }]
}

function untrusted(): Checked {
  return { verdict: 'untrusted', error: { code: 'key_untrusted', message: 'it is signed by none of the keys given' } }
}

function altered(code: 'signature_invalid' | 'wrong_artifact' | 'key_revoked', message: string): Checked {
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
