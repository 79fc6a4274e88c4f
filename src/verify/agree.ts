/** Agreement: every slot of one artifact gets its mark. Pure; DESIGN's table of marks is this file. */

import type { About, Slot } from '../backend/backend.ts'
import type { GoodCopy, OtherItem } from '../copies/judge-slot.ts'
import type { Reading } from '../copies/read-copies.ts'
import type { ErrorJson } from '../errors.ts'
import { meaningOf } from '../model/canonical.ts'
import { type Difference, differencesBetween } from '../model/difference.ts'
import { type Entry, type Signature, signatureId } from '../model/entry.ts'
import { twinId } from '../model/signature-twin.ts'
import { formatsOf } from '../provenance/detect-format.ts'
import { claimedIdentity } from '../provenance/identity.ts'
import { contradictions } from './contradictions.ts'

/** `=` agrees, `~` agrees otherwise spelled or re-signed, `*` drift, `#` does not verify, `+` absent, `!` not readable, `x` not kept. */
export type Mark = '=' | '~' | '*' | '#' | '+' | '!' | 'x'

/** One row of the verdict: one slot and one format. */
export interface Row {
  readonly backend: string
  readonly slot?: string
  /** Format of the copy, or the one that is missing; undefined when nobody knows. */
  readonly format?: string
  readonly mark: Mark
  readonly location?: string
  readonly entry?: string
  readonly signatures?: readonly string[]
  readonly keyids?: readonly string[]
  /** Why the mark is not `=`. */
  readonly error?: ErrorJson
  /** Of a copy that is refused: the identity or key id of who has signed it, printable. With `key_untrusted` the store's word. */
  readonly signer?: string
  /** What `~` means here, or where `*` differs. */
  readonly detail?: string
  /** For `*` and `~` where the payload is not the reference's: where it differs, bounded in number and length. */
  readonly differences?: readonly Difference[]
}

export interface Stranger extends ErrorJson {
  readonly backend: string
  readonly location: string
}

export interface Agreement {
  readonly rows: readonly Row[]
  readonly strangers: readonly Stranger[]
  /** The reference copy of each format: the first that verifies, in the order of the backends. */
  readonly references: readonly { readonly format: string; readonly location: string; readonly entry: string }[]
}

interface Cell {
  readonly reading: Reading
  readonly slot: Slot
  readonly format: string
  /** Copies are compared within a group: one format, and for an image without its run, one run that the Statements name. */
  readonly group: string
  readonly copies: readonly Merged[]
}

/** Items of one slot with one id are one entry. */
interface Merged {
  readonly id: string
  readonly location: string
  readonly payload: Uint8Array
  readonly keyids: readonly string[]
  readonly signatures: string
  readonly verified: readonly Signature[]
  /** One that names this run, and says something else than the run at hand. */
  readonly altered: boolean
}

/**
 * Marks every slot. `readings` come in the order of `--storage`; `required(backend)` are the formats that must be there.
 *
 * @example agree(about, readings, () => []).rows.map((row) => row.mark) // ['=', '~']
 */
export function agree(
  about: About,
  readings: readonly Reading[],
  required: (backend: string) => readonly string[],
): Agreement {
  const groupOf = about.kind === 'dsse' && about.artifact.type === 'image' ? claimedIdentity : undefined
  const cells = readings.flatMap((reading) => cellsOf(reading, groupOf, required(reading.backend)))
  const references = new Map<string, Merged & { readonly format: string }>()
  for (const { group, format, copies } of cells) {
    const first = copies.find((copy) => !copy.altered)
    if (first !== undefined && !references.has(group)) references.set(group, { ...first, format })
  }
  for (const { group, format, copies } of cells) {
    const [first] = copies
    if (first !== undefined && !references.has(group)) references.set(group, { ...first, format })
  }
  const drifting = new Set<string>()
  for (const { group, copies } of cells) {
    const reference = references.get(group)
    if (reference !== undefined && copies.some((c) => c.altered || !sameMeaning(c, reference))) drifting.add(group)
  }
  // Several runs may describe one image; their Statements are not each other's copies.
  const across =
    groupOf === undefined
      ? contradictions([...references.values()], { isAtHand: isAtHand(about) })
      : new Map<string, string>()
  const common = references.values().next().value?.format ?? (about.kind === 'raw' ? 'simplesigning' : undefined)
  const rows = readings.flatMap((reading) => {
    const own = cells.filter((cell) => cell.reading === reading)
    const missing =
      reading.slot === undefined ? [] : required(reading.backend).filter((f) => !own.some((c) => c.format === f))
    const uncompared = groupOf === undefined ? undefined : nothingInCommon(reading, cells)
    return [
      ...own.map((cell) =>
        presentRow(cell, references.get(cell.group), drifting.has(cell.group), across.get(cell.format)),
      ),
      ...(own.length > 0 && missing.length === 0 ? [] : emptyRows(reading, missing.length > 0 ? missing : [common])),
      ...(uncompared === undefined ? [] : emptyRows(reading, [uncompared])),
    ]
  })
  return {
    rows,
    strangers: readings.flatMap(strangersOf),
    references: [...references.values()].map(({ format, location, id }) => ({ format, location, entry: id })),
  }
}

/**
 * Of an image alone, stores hold what several runs and people said of it. A backend that has nothing of all that others have was compared with
 * nobody: it lacks what the first of them has, in this format. Said at its first place; undefined anywhere else.
 */
function nothingInCommon({ backend, slot }: Reading, cells: readonly Cell[]): string | undefined {
  const own = cells.filter((cell) => cell.reading.backend === backend)
  const others = cells.filter((cell) => cell.reading.backend !== backend)
  if (own[0]?.slot !== slot || others.some(({ group }) => own.some((cell) => cell.group === group))) return undefined
  return others[0]?.format
}

type GroupOf = ((entry: Entry) => string) | undefined

function cellsOf(reading: Reading, groupOf: GroupOf, required: readonly string[]): readonly Cell[] {
  const { slot, judged } = reading
  if (slot === undefined || judged === undefined) return []
  if (slot.holds === 'one' && judged.others.some((other) => other.claims)) return []
  const groups = new Map<string, GoodCopy[]>()
  for (const copy of judged.good) {
    const group = groupOf?.(copy.found.entry) ?? nameOf(copy.found.entry, required)
    groups.set(group, [...(groups.get(group) ?? []), copy])
  }
  return [...groups].flatMap(([group, copies]) => {
    const first = copies[0]
    return first === undefined
      ? []
      : [{ reading, slot, group, format: nameOf(first.found.entry, required), copies: merge(copies) }]
  })
}

/** Where an entry may be of several formats, it is of the one that is asked for. */
function nameOf(entry: Entry, required: readonly string[]): string {
  const [likeliest, ...others] = formatsOf(entry)
  return [likeliest, ...others].find((format) => required.includes(format)) ?? likeliest
}

function merge(copies: readonly GoodCopy[]): readonly Merged[] {
  const byId = new Map<string, GoodCopy[]>()
  for (const copy of copies) byId.set(copy.id, [...(byId.get(copy.id) ?? []), copy])
  return [...byId].flatMap(([id, same]) => {
    const first = same[0]
    if (first === undefined) return []
    const verified = same.flatMap((copy) => copy.verified)
    const signatures = [...new Set(verified.map(signatureId))].sort().join(' ')
    const keyids = [...new Set(same.flatMap((copy) => copy.keyids))]
    const { payload } = first.found.entry
    const altered = first.altered === true
    return [{ id, location: first.found.location, payload, keyids, signatures, verified, altered }]
  })
}

function sameMeaning(a: Merged, b: Merged): boolean {
  return a.id === b.id || meaningOf(a.payload) === meaningOf(b.payload)
}

function presentRow(cell: Cell, reference: Merged | undefined, drifts: boolean, across: string | undefined): Row {
  const copy = cell.copies.find((c) => c.id === reference?.id) ?? cell.copies[0]
  const base = {
    backend: cell.reading.backend,
    slot: cell.slot.key,
    format: cell.format,
    ...(copy === undefined ? {} : describe(copy)),
  }
  if (copy === undefined || reference === undefined) return { ...base, mark: '+' }
  if (drifts) {
    const odd = cell.copies.find((c) => !sameMeaning(c, reference))
    if (odd === undefined && cell.copies.some((c) => c.altered)) {
      const text = 'verifies and names this run, but says something else than the run at hand'
      return { ...base, mark: '*', error: { code: 'drift', message: text }, detail: text }
    }
    const where = odd === undefined ? [] : differencesBetween(reference.payload, odd.payload)
    const pointers = where.slice(0, 5).map(({ pointer }) => pointer)
    const message = 'verifies, but means something else than another copy that verifies'
    const detail = where.length === 0 ? 'another copy differs from this one' : `differs at ${pointers.join(', ')}`
    return { ...base, mark: '*', error: { code: 'drift', message }, detail, ...withDifferences(where) }
  }
  if (across !== undefined) {
    return { ...base, mark: '*', error: { code: 'drift_across_formats', message: across }, detail: across }
  }
  const detail = unlike(cell.copies, copy, reference)
  if (detail === undefined) return { ...base, mark: '=', ...twinned(copy, reference) }
  const other = cell.copies.find((c) => c.id !== reference.id)
  const spelling = other === undefined ? [] : differencesBetween(reference.payload, other.payload)
  return { ...base, mark: '~', detail, ...withDifferences(spelling) }
}

function withDifferences(differences: readonly Difference[]): Pick<Row, 'differences'> {
  return differences.length === 0 ? {} : { differences }
}

function unlike(copies: readonly Merged[], copy: Merged, reference: Merged): string | undefined {
  if (copy.id !== reference.id) return 'the same meaning in another serialisation'
  if (copy.signatures !== reference.signatures && twinsOf(copy) !== twinsOf(reference))
    return 'the same payload with another valid signature'
  if (copies.length > 1) return 'holds the same meaning in another serialisation as well'
  return undefined
}

/** The signatures, whichever of its two forms each ECDSA signature has. */
function twinsOf({ verified }: Merged): string {
  return [...new Set(verified.map(twinId))].sort().join(' ')
}

/** Said, and no more: anyone can turn an ECDSA signature into its other form. */
function twinned(copy: Merged, reference: Merged): Pick<Row, 'detail'> {
  return copy.signatures === reference.signatures ? {} : { detail: 'the same signature in its other form, (r, n - s)' }
}

/** True for a run whose object says what its copies have to say. */
function isAtHand({ artifact }: About): boolean {
  return artifact.type === 'run' && artifact.claim === undefined
}

function describe(copy: Merged): Pick<Row, 'location' | 'entry' | 'signatures' | 'keyids'> {
  const { location, id, signatures, keyids } = copy
  return { location, entry: id, signatures: signatures.split(' '), keyids }
}

function emptyRows(reading: Reading, formats: readonly (string | undefined)[]): readonly Row[] {
  const named = formats.map((format) => (format === undefined ? {} : { format }))
  const { slot } = reading
  if (slot === undefined && reading.error === undefined) return [{ backend: reading.backend, mark: 'x' }]
  const base = { backend: reading.backend, ...(slot === undefined ? {} : { slot: slot.key }) }
  const { error } = reading
  if (error !== undefined) return named.map((format) => ({ ...base, ...format, mark: '!', error }))
  const bad = reading.judged?.others.find((other) => other.claims)
  if (bad !== undefined && (reading.judged?.good.length === 0 || slot?.holds === 'one')) {
    return named.slice(0, 1).map((format) => ({
      ...base,
      ...format,
      mark: '#',
      location: bad.found.location,
      error: { code: bad.code, message: bad.message },
      ...(bad.signer === undefined ? {} : { signer: bad.signer }),
    }))
  }
  const absent: ErrorJson = { code: 'absent', message: 'no copy of this artifact here' }
  return named.map((format) => ({ ...base, ...format, mark: '+', error: absent }))
}

function strangersOf(reading: Reading): readonly Stranger[] {
  const { judged, slot } = reading
  if (judged === undefined || slot === undefined) return []
  const blamed =
    judged.good.length === 0 || slot.holds === 'one' ? judged.others.find((other) => other.claims) : undefined
  return judged.others.filter((other) => other !== blamed).map((other) => stranger(reading.backend, other))
}

function stranger(backend: string, { found, code, message }: OtherItem): Stranger {
  return { backend, location: found.location, code, message }
}
