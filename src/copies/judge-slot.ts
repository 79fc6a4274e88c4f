/** What was found in a slot, sorted: our copies, other people's entries, and what is wrong. Pure. */

import type { About, Found, FoundEntry, Slot } from '../backend/backend.ts'
import type { ErrorCode } from '../errors.ts'
import { type Entry, entryId, holds, type Signature } from '../model/entry.ts'
import { formatsOf, isImageSignature } from '../provenance/detect-format.ts'
import { type Relation, relation, resembles } from '../provenance/identity.ts'
import { pretends } from '../trust/identity.ts'
import type { Trust } from '../trust/trust.ts'
import type { Checks, EntryCheck, VerifiedSignature } from '../trust/verify-entry.ts'

/** A copy of this artifact whose signature verifies. */
export interface GoodCopy {
  readonly found: FoundEntry
  readonly id: string
  /** Only those signatures that verify, at least one. */
  readonly verified: readonly Signature[]
  /** The keys that made them, by Chains' key id. */
  readonly keyids: readonly string[]
  /** Set when it names this run and says something else than the run at hand: it is not a reference, and drifts. */
  readonly altered?: true
  /** The same by the hint that bundles name it by, one for each of `verified`. */
  readonly keyHints: readonly string[]
  /** What `verified` rests on: keys, identities, validities, and whose proofs. One for each. */
  readonly grounds: readonly Grounds[]
}

/** What a verified signature rests on. */
export type Grounds = Omit<VerifiedSignature, 'signature'>

/** An item that is not a good copy, and why. `claims`: it stands for ours, so without a good copy the slot is `#`. */
export interface OtherItem {
  readonly found: Found
  readonly code: ErrorCode
  readonly message: string
  /** Who has signed it, as far as that was found out or is said beside it; absent: nobody knows. */
  readonly signer?: string
  readonly claims: boolean
}

export interface Judged {
  readonly good: readonly GoodCopy[]
  /** Verify, and are about something else that rightly shares the place, or in another format than asked for. */
  readonly neighbours: readonly Found[]
  readonly others: readonly OtherItem[]
}

/**
 * Judges every item of one slot against the artifact that the slot is for.
 *
 * @example judge(about, slot, await backend.get(slot, { signal }), checksUnder(trust)).good.length
 */
export function judge(about: About, slot: Slot, found: readonly Found[], checks: Checks): Judged {
  const { trust } = checks
  const good: GoodCopy[] = []
  const neighbours: Found[] = []
  const others: OtherItem[] = []
  for (const item of found) {
    if (item.entry === undefined) {
      const { code, message } = item.damage
      others.push({ found: item, code, message, claims: code !== 'stranger' })
      continue
    }
    const checked = checks.of(item.entry)
    // Among bundles a raw signature of the image may stand (Chains writes them so).
    const comparable = item.entry.kind === about.kind || (item.entry.kind === 'raw' && slot.holds === 'many')
    // What nobody we know has signed is not interpreted.
    const relate = checked.verified.length > 0 ? relation : resembles
    const related = comparable ? relate(item.entry, about.artifact, about.subjects, slot.holds) : 'other'
    if (checked.verified.length === 0) {
      others.push({ ...failure(item, checked), claims: claims(item, related, about, slot, trust) })
    } else if (
      related === 'same' &&
      !isAskedFor(item.entry, about) &&
      (slot.holds === 'many' || isInRole(item.entry, about))
    ) {
      neighbours.push(item)
    } else if ((related === 'same' && isAskedFor(item.entry, about)) || related === 'altered') {
      const keyids = [...new Set(checked.verified.map(({ key }) => key.keyid))]
      const verified = checked.verified.map(({ signature }) => signature)
      const keyHints = checked.verified.map(({ key }) => key.hint)
      const altered = related === 'altered' ? { altered: true as const } : {}
      const grounds = checked.verified.map(({ signature: _, ...rest }) => rest)
      good.push({ found: item, id: entryId(item.entry), verified, keyids, keyHints, grounds, ...altered })
    } else if (related === 'beside' && mayShare(slot, about)) {
      neighbours.push(item)
    } else {
      const message = 'the signature verifies, but it is about another artifact than the one that belongs in this place'
      others.push({ found: item, code: 'wrong_artifact', message, claims: true })
    }
    if (checked.verified.length > 0) others.push(...strayFailures(item, checked))
    if (item.proofsDamage !== undefined) {
      const { code, message } = item.proofsDamage
      others.push({ found: item, code, message, claims: false })
    }
  }
  return { good, neighbours, others }
}

function isAskedFor(entry: Entry, about: About): boolean {
  if (about.format !== undefined && !formatsOf(entry).includes(about.format)) return false
  return isInRole(entry, about)
}

function isInRole(entry: Entry, { role }: About): boolean {
  return role === undefined || isImageSignature(entry) === (role === 'signature')
}

function failure(found: FoundEntry, checked: EntryCheck): Omit<OtherItem, 'claims'> {
  const first = checked.failed.find((f) => f.code === 'signature_invalid') ?? checked.failed[0]
  const message = first?.message ?? 'no signature in it verifies'
  const signer = first?.signer === undefined ? {} : { signer: first.signer }
  return { found, code: first?.code ?? 'signature_invalid', message, ...signer }
}

// One envelope may carry somebody else's signature beside ours: listed, never counted against the copy.
function strayFailures(found: FoundEntry, checked: EntryCheck): readonly OtherItem[] {
  return checked.failed.map(({ code, message }) => ({ found, code, message, claims: false }))
}

// An image's place in a slot that holds one is 12 hex digits, which two images of a run can share; a run's place is its uid.
function mayShare(slot: Slot, about: About): boolean {
  return slot.holds === 'many' || about.artifact.type === 'image'
}

function claims(item: FoundEntry, related: Relation, about: About, slot: Slot, trust: Trust): boolean {
  if (slot.holds === 'one' && !(related === 'beside' && mayShare(slot, about))) return true
  if (related === 'same') return true
  if (item.entry.kind !== about.kind) return false
  if (item.entry.kind === 'raw') return related === 'other'
  const ours = new Set(trust.keys.map((key) => key.keyid))
  const identities = trust.proofs?.identities ?? []
  return item.entry.signatures.some(
    ({ keyid, certificate }) => (keyid !== undefined && ours.has(keyid)) || pretends(identities, certificate),
  )
}

/**
 * A copy of just this entry that fails for what stands beside its signature (a certificate of somebody else's): adding the
 * entry once more would find it there already, so it has to be replaced. Undefined when there is none, or a good one as well.
 */
export function spoiledCopy({ good, others }: Judged, entry: Entry): FoundEntry | undefined {
  if (good.some((copy) => holds(copy.found.entry, entry))) return undefined
  for (const { found, claims } of others)
    if (claims && found.entry !== undefined && holds(found.entry, entry)) return found
  return undefined
}
