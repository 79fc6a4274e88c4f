/** What a backend holds and the truth does not: verified, and taken in, so that it is found. */
import type { About, Backend, Found, FoundEntry, Listed, Slot } from '../backend/backend.ts'
import { withoutForeign } from '../copies/foreign-signatures.ts'
import { mergedEntries } from '../copies/merge-items.ts'
import { asProvError, type ErrorJson, errorJson } from '../errors.ts'
import { artifactName } from '../model/artifact.ts'
import { type Entry, entryId, sha256Hex, signatureId } from '../model/entry.ts'
import { imageOfSubject } from '../model/image-reference.ts'
import { readStatement } from '../model/statement.ts'
import type { CallOptions } from '../platform/async/call.ts'
import { type IdSet, idSet } from '../platform/async/hashed-set.ts'
import { type RetryOptions, retry } from '../platform/async/retry.ts'
import { pool } from '../platform/async/stream-pool.ts'
import { formatOf, isImageSignature } from '../provenance/detect-format.ts'
import { type Origin, originOf } from '../provenance/origin.ts'
import type { Trust } from '../trust/trust.ts'
import { type Checks, checkFound, type VerifiedSignature } from '../trust/verify-entry.ts'
import { indexDelivery } from '../truth/index-delivery.ts'
import { truthUri } from '../truth/kept.ts'
import type { NewDelivery } from '../truth/new-delivery.ts'
import type { NewImport, Refused } from '../truth/search-port.ts'
import type { Truth } from '../truth/truth.ts'

export interface ImportJob extends ReadJob {
  readonly places: AsyncIterable<Listed>
  readonly concurrency: number
}

interface ReadJob extends CallOptions {
  readonly source: Backend
  readonly truth: Pick<Truth, 'holding' | 'import' | 'refuse'>
  readonly trust: Trust
  /** Without it nothing is written: what it says is what would become of each. */
  readonly repair: boolean
  readonly retry: RetryOptions
  /** Name of this machine: copies in a file of the input are here alone. */
  readonly host: string
  /** What is imported is owed to the search index as well. */
  readonly indexed?: boolean
  /** What is read does not stay where it is: it is not kept as a copy. */
  readonly leaves?: boolean
}

/**
 * `missing`: the truth lacks it (nothing was written). `imported`: it has it now. `present`: it had it. `pruned`: it let go of it. `refused`:
 * nobody who is trusted has signed it, or it is damaged. `unread`: the place could not be read.
 */
export type ImportOutcome = 'missing' | 'imported' | 'present' | 'pruned' | 'refused' | 'unread'

export interface ImportedItem {
  readonly location: string
  readonly outcome: ImportOutcome
  readonly artifact?: string
  readonly format?: string
  readonly entry?: string
  readonly error?: ErrorJson
}

/** Entries of one slot that are worked on; a hostile place holds no more than the backend reads. */
export interface SlotJob extends ReadJob {
  readonly seen: IdSet
}

/**
 * Reads every place of the source, and says of each entry and each damaged item what became of it, in no order. Running it again goes on: what
 * was imported is `present`. Throws for a source that cannot be listed, and for a truth that cannot be reached.
 *
 * @example for await (const { outcome, location } of importFrom(job)) console.log(outcome, location)
 */
export async function* importFrom(job: ImportJob): AsyncGenerator<ImportedItem, void> {
  const work = { ...job, seen: idSet() }
  for await (const items of pool(job.places, job.concurrency, (slot) => importSlot(slot, work))) yield* items
}

/** The same for one place. Throws as {@link importFrom} does. */
export async function importSlot(slot: Listed, job: SlotJob): Promise<readonly ImportedItem[]> {
  job.signal.throwIfAborted()
  let found: readonly Found[]
  try {
    found = await retry(() => job.source.get(slot, job), job.retry)
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code === 'internal') throw error
    return [{ location: slot.key, outcome: 'unread', error: errorJson(error) }]
  }
  const checks = await checkFound(found, job.trust)
  const { kept, foreignSignatures } = withoutForeign(mergedEntries(found), checks)
  const refused = [
    ...found.flatMap((item) => (item.damage === undefined ? [] : [refusal(slot, item, item.damage)])),
    ...foreignSignatures.map(({ item, code, message }) => refusal(slot, item, { code, message })),
  ]
  const items: ImportedItem[] = []
  for (const { entry, items: own } of kept) {
    const outcome = await importEntry(slot, entry, own, checks, job)
    if ('item' in outcome) refused.push(outcome)
    else items.push(outcome)
  }
  if (job.repair && refused.length > 0) await job.truth.refuse(refused.map(({ kept: row }) => row))
  return [...items, ...refused.map(({ item }) => item)]
}

interface Refusal {
  readonly item: ImportedItem
  readonly kept: Refused
}

function refusal(slot: Slot, { location, raw, entry }: Found, error: ErrorJson): Refusal {
  const { code, message } = error
  const named = entry === undefined ? {} : { entry: entryId(entry), format: formatOf(entry) }
  return {
    item: { location, outcome: 'refused', ...named, error: { code, message } },
    kept: { source: slot.backend, location, digest: sha256Hex(raw), reason: { code, message } },
  }
}

async function importEntry(
  slot: Listed,
  entry: Entry,
  items: readonly FoundEntry[],
  checks: Checks,
  job: SlotJob,
): Promise<ImportedItem | Refusal> {
  const [first] = items
  const location = first?.location ?? slot.key
  const named = { location, entry: entryId(entry), format: formatOf(entry) }
  const asRefused = (error: ErrorJson): Refusal =>
    refusal(slot, first ?? { location, raw: entry.payload, entry }, error)
  // Known bytes need no signer that is trusted here, but have to stand in their own place.
  const known = await job.truth.holding(entry)
  const { verified, failed } = checks.of(entry)
  if (known === 'new' && verified.length === 0) {
    const { code, message } = failed[0] ?? { code: 'signature_invalid' as const, message: 'it has no signature' }
    return asRefused({ code, message })
  }
  let origin: Origin
  try {
    origin = namelessSignature(entry, slot) ?? originOf(entry, slot.names)
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code === 'internal') throw error
    return asRefused(errorJson(error))
  }
  if (known !== 'new') return { ...named, artifact: artifactName(origin.about.artifact), outcome: known }
  const one = newImport(slot, onlyVerified(entry, verified), verified, origin, location, job)
  const artifact = { artifact: artifactName(one.about.artifact) }
  if (!job.seen.add(`${named.entry} ${one.entry.signatures.map(signatureId).sort().join(' ')}`))
    return { ...named, ...artifact, outcome: 'present' }
  if (!job.repair) {
    const held = await job.truth.holding(one.entry)
    return { ...named, ...artifact, outcome: held === 'new' ? 'missing' : held }
  }
  const before = await job.truth.import(one)
  return { ...named, ...artifact, outcome: before === 'new' ? 'imported' : before }
}

/** cosign signs an image by its digest alone: such a Statement is filed by itself. Undefined for everything else. */
function namelessSignature(entry: Entry, { names }: Listed): Origin | undefined {
  if (entry.kind !== 'dsse' || !isImageSignature(entry)) return undefined
  const statement = readStatement(entry.payload)
  if (statement === undefined) return undefined
  const { predicateType, subjects } = statement
  const isHere = names?.subject === undefined || subjects.some(({ digest }) => digest['sha256'] === names.subject)
  if (!isHere || subjects.some((subject) => imageOfSubject(subject) !== undefined)) return undefined
  const name = `sha256:${sha256Hex(entry.payload).slice(0, 12)} (${predicateType})`
  const artifact = { type: 'statement' as const, name, payload: entry.payload, predicateType, subjects }
  const about: About = { artifact, kind: 'dsse', subjects }
  return { about, alone: about }
}

/** A payload may hold characters that no database takes. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}

/** What nobody who is trusted has signed is not kept beside what was. */
function onlyVerified(entry: Entry, verified: readonly VerifiedSignature[]): Entry {
  if (verified.length === entry.signatures.length) return entry
  const { envelope: _, ...rest } = entry
  return { ...rest, signatures: verified.map(({ signature }) => signature) }
}

function newImport(
  slot: Slot,
  entry: Entry,
  verified: readonly VerifiedSignature[],
  { about: said, alone }: Origin,
  location: string,
  { source, host, indexed, leaves }: ReadJob,
): NewImport {
  // A run without a uid is no name: what is signed is filed by itself.
  const about = said.artifact.type === 'run' && said.artifact.uid === '' ? alone : said
  const at = source.hostOf?.(slot)
  const { backend, key, kind, holds, address } = slot
  const copy: NewDelivery = {
    target: source.name,
    lane: at === undefined ? source.name : `${source.name}/${at}`,
    slot: { backend, key, kind, holds, address },
    action: 'present',
    required: true,
    foreign: false,
    resign: false,
    ...(source.isInputFile?.(slot) === true ? { host } : {}),
    state: 'done',
    receipt: {
      backend,
      slot: key,
      location,
      outcome: 'unchanged',
      confirmed: true,
      entry: entryId(entry),
      signatures: entry.signatures.map(signatureId),
    },
  }
  return {
    uri: storable(truthUri(about.artifact)),
    format: storable(formatOf(entry)),
    entry,
    keyids: [...new Set(verified.flatMap(({ key: by }) => [by.keyid, Buffer.from(by.hint, 'base64').toString('hex')]))],
    about,
    from: { source: backend, location },
    deliveries: [...(leaves === true ? [] : [copy]), ...(indexed === true ? [indexDelivery(entry, false)] : [])],
  }
}
