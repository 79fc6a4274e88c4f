/** The first part of a store: read the stores, adopt a copy that verifies or sign, and plan a row for every place. Writes nothing. */

import type { About, Backend, Slot } from '../backend/backend.ts'
import type { GoodCopy } from '../copies/judge-slot.ts'
import { keptBy } from '../copies/read-back.ts'
import { type Reading, readCopies } from '../copies/read-copies.ts'
import { asProvError, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import type { Format, FormatOptions } from '../formats/format.ts'
import { type Artifact, artifactName } from '../model/artifact.ts'
import { differences } from '../model/canonical.ts'
import { type Entry, entryId, signatureId } from '../model/entry.ts'
import { type ProofKind, withProofsOf } from '../model/proofs.ts'
import type { CallOptions } from '../platform/async/call.ts'
import { draft, type Sign } from '../signing/sign-once.ts'
import type { Trust } from '../trust/trust.ts'
import { type PlanRow, planRow } from './plan.ts'
import { runOf } from './seal.ts'

/** One artifact in one format, and the backends that shall hold it. */
export interface StoreItem {
  readonly artifact: Artifact
  readonly format: Format
  readonly backends: readonly Backend[]
}

export interface PrepareOptions extends CallOptions {
  readonly formatOptions: FormatOptions
  /** A new signature, also where a copy verifies. */
  readonly resign: boolean
  /** Nothing is signed: an entry with a signature of the usual length stands for it. */
  readonly dryRun: boolean
  /** What the signer will put beside its signature, as far as that is known beforehand; undefined: nothing. */
  readonly expects?: readonly ProofKind[]
  /** Backends that have to hold a copy; undefined: all that are not optional. */
  readonly require?: number
}

/** An item as the stores were found. */
export interface ReadItem {
  readonly item: StoreItem
  readonly about: About
  readonly readings: readonly Reading[]
  /** A copy that verifies; its bytes are the entry. */
  readonly adopted?: Entry
  /** What the artifact gives today; absent where nothing can be made of it any more, but a copy stands. */
  readonly payload?: Uint8Array
}

/** Everything that the deliveries of one item need: what each row says, and what they share. */
export interface PreparedItem {
  readonly item: StoreItem
  readonly about: About
  readonly entry: Entry
  /** `signed` now, or `adopted` from a copy that already verified; `planned`: nothing was signed. */
  readonly source: 'signed' | 'adopted' | 'planned'
  /** JSON pointers at which today's payload would differ from the adopted one; [] when it would not. */
  readonly differs: readonly string[]
  readonly rows: readonly PlanRow[]
}

/**
 * What an item is about. Throws `not_kept` for what too few of its backends keep: refused before anything is touched.
 *
 * @example placed({ artifact, format, backends }, options).kind // 'dsse'
 */
export function placed(item: StoreItem, options: Pick<PrepareOptions, 'formatOptions' | 'require'>): About {
  const { artifact, format, backends } = item
  const about: About = {
    artifact,
    kind: format.kind,
    subjects: format.subjects(artifact, options.formatOptions),
    ...(format.predicateType === undefined ? {} : { format: format.name }),
    ...(format.role === undefined ? {} : { role: format.role }),
  }
  // What only a write-only store took could never be verified.
  const keeping = backends.filter((backend) => backend.capabilities.readable && backend.slots(about).length > 0)
  if (keeping.length < (options.require ?? 1)) throw notKept(item, keeping.length, options.require ?? 1)
  return about
}

function notKept({ artifact, format, backends }: StoreItem, keeping: number, wanted: number): ProvError {
  const named = backends.map((backend) => backend.name).join(', ')
  const what = `${format.name} of ${artifactName(artifact)}`
  const few = `${what} is kept by ${keeping} of the ${wanted} backends that --require asks for (${named})`
  const writeOnly = backends.filter((backend) => !backend.capabilities.readable).map((backend) => backend.name)
  return new ProvError('not_kept', keeping === 0 ? `${what} is not kept by ${named}` : few, {
    hint:
      writeOnly.length > 0
        ? `${writeOnly.join(', ')} cannot be read: name a backend that can be read as well`
        : artifact.type === 'run'
          ? 'name a backend that keeps runs (tekton), or choose other runs with --run'
          : 'name a backend that needs no run (oci)',
  })
}

/**
 * Reads every place of an item. Throws what the artifact is refused for, and `target_unwritable` where a place can be seen to take nothing.
 *
 * @example const read = await readItem(item, placed(item, options), trust, options)
 */
export async function readItem(
  item: StoreItem,
  about: About,
  trust: Trust | Promise<Trust>,
  options: PrepareOptions,
): Promise<ReadItem> {
  const { signal } = options
  const readings = await readCopies(about, item.backends, trust, { signal })
  const empty = readings.filter((reading) => options.resign || reading.judged?.good.length === 0)
  await Promise.all(
    empty.map(async ({ backend, slot }) => {
      if (slot !== undefined) await backendOf(item, backend).ready?.(slot, { signal })
    }),
  )
  const adopted = options.resign ? undefined : adopt(readings)
  let payload: Uint8Array | undefined
  try {
    payload = item.format.payload(item.artifact, options.formatOptions)
  } catch (thrown) {
    if (adopted === undefined) throw thrown
  }
  return {
    item,
    about,
    readings,
    ...(adopted === undefined ? {} : { adopted }),
    ...(payload === undefined ? {} : { payload }),
  }
}

/**
 * The first copy that verifies and says what the run does, in the order of the backends, else one that the artifact brought along; its bytes are
 * the entry, with the proofs that any of the others has of the same signatures.
 */
function adopt(readings: readonly Reading[]): Entry | undefined {
  const all = [
    ...readings.flatMap((reading) => reading.judged?.good ?? []),
    ...readings.flatMap((reading) => reading.carried ?? []),
  ]
  const copy = all.find(({ altered }) => altered !== true)
  if (copy === undefined) return undefined
  return withProofsOf(
    hinted(copy),
    all.map(({ found }) => found.entry),
  )
}

/** The copy's entry, with the key that verified each signature named: stores of bundles tell keys by that. */
function hinted({ found: { entry }, verified, keyHints }: GoodCopy): Entry {
  const signatures = entry.signatures.map((signature) => {
    const keyHint = keyHints[verified.indexOf(signature)]
    return keyHint === undefined ? signature : { ...signature, keyHint }
  })
  return { ...entry, signatures }
}

/** Backends in which a run's attestation is signed by a key that was not given, by the run's uid. */
export type ForeignRuns = ReadonlyMap<string, ReadonlySet<string>>

/**
 * A raw signature names no key. Where the run's attestation beside it is by a key that was not given, so may this one be.
 *
 * @example foreignRuns(read).get(uid)?.has('docdb')
 */
export function foreignRuns(read: readonly ReadItem[]): ForeignRuns {
  const found = new Map<string, Set<string>>()
  for (const { item, readings } of read) {
    const run = runOf(item.artifact)
    if (run === undefined) continue
    for (const { backend, slot, judged } of readings) {
      if (slot?.holds !== 'one' || judged?.others.some((o) => o.claims && o.code === 'key_untrusted') !== true) continue
      found.set(run.uid, (found.get(run.uid) ?? new Set()).add(backend))
    }
  }
  return found
}

/**
 * Signs where nothing was adopted, and plans a row for each place. What no backend has room for is not signed.
 *
 * @example const { entry, rows } = await prepareItem(read, foreignRuns([read]), sign, options)
 */
export async function prepareItem(
  read: ReadItem,
  foreign: ForeignRuns,
  sign: Sign,
  options: PrepareOptions,
): Promise<PreparedItem> {
  const { item, about, adopted, payload } = read
  const unsigned = payload === undefined ? undefined : draft(item.format, payload, options.expects)
  const planned =
    unsigned !== undefined && adopted === undefined && (options.dryRun || isPointless(unsigned, read, foreign, options))
  const entry = adopted ?? (planned ? unsigned : payload === undefined ? undefined : await sign(item.format, payload))
  if (entry === undefined) throw new ProvError('internal', 'neither a payload nor a copy to adopt')
  return {
    item,
    about,
    entry,
    source: adopted !== undefined ? 'adopted' : planned ? 'planned' : 'signed',
    differs: adopted === undefined || payload === undefined ? [] : differences(adopted.payload, payload),
    rows: rowsOf(entry, read, foreign, options),
  }
}

function isPointless(unsigned: Entry, read: ReadItem, foreign: ForeignRuns, options: PrepareOptions): boolean {
  return rowsOf(unsigned, read, foreign, options).every(
    ({ slot, action }) => slot === undefined || action === 'blocked',
  )
}

function rowsOf(
  entry: Entry,
  { item, readings }: ReadItem,
  foreign: ForeignRuns,
  { resign }: PrepareOptions,
): readonly PlanRow[] {
  const uid = runOf(item.artifact)?.uid
  return readings.map((reading) => {
    const backend = backendOf(item, reading.backend)
    const size = (slot: Slot): { bytes: number } | { error: ErrorJson } => {
      try {
        return { bytes: backend.size(slot, entry) }
      } catch (thrown) {
        return { error: errorJson(asProvError(thrown)) }
      }
    }
    const isForeign = uid !== undefined && foreign.get(uid)?.has(reading.backend) === true
    return planRow(reading, entry, { size, resign, foreign: isForeign, kept: keptBy(backend, entry) })
  })
}

/**
 * The backend of that name among those of the item; `internal` when there is none.
 *
 * @example backendOf(item, row.backend)
 */
export function backendOf(item: StoreItem, name: string): Backend {
  const backend = item.backends.find((b) => b.name === name)
  if (backend === undefined) throw new ProvError('internal', `no backend ${name} in this item`)
  return backend
}

/**
 * Ids of the signatures that an entry really has: a planned one has none.
 *
 * @example signaturesOf(prepared) // ['sha256:ab12…']
 */
export function signaturesOf({ entry, source }: PreparedItem): readonly string[] {
  return source === 'planned' ? [] : entry.signatures.map(signatureId)
}

/** @example entryOf(prepared) // 'dsse:sha256:…' */
export function entryOf({ entry }: PreparedItem): string {
  return entryId(entry)
}
