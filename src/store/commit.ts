/** A store that ends with a promise: prepare → commit. What is owed is written down with the entry; nothing has been delivered yet. */

import type { About } from '../backend/backend.ts'
import { ERRORS, type ErrorJson, gravest, ProvError } from '../errors.ts'
import { artifactName } from '../model/artifact.ts'
import type { Entry } from '../model/entry.ts'
import { limitTo } from '../platform/async/limit.ts'
import { relation } from '../provenance/identity.ts'
import { signOnce } from '../signing/sign-once.ts'
import type { Trust } from '../trust/trust.ts'
import { checkEntry } from '../trust/verify-entry.ts'
import { type DescribedItem, described } from './described-item.ts'
import { type Ledger, type OwedCopy, prunedError } from './ledger.ts'
import { foreignRuns, type PreparedItem, prepareItem, type ReadItem } from './prepare.ts'
import { readAll } from './read-all.ts'
import { runOf } from './seal.ts'
import type { StoreJob } from './store.ts'

export interface CommitJob extends Omit<StoreJob, 'require' | 'progress'> {
  readonly ledger: Ledger
}

export interface CommittedStoreItem extends DescribedItem {
  /** 7 when a place that is required is blocked, or nothing could be committed. */
  readonly exit: number
  /** Name of the run that the artifact is or belongs to. */
  readonly run?: string
  /** [] for an entry that no backend has room for (it is neither signed nor committed), and in a dry run. */
  readonly owed: readonly OwedCopy[]
  readonly findings: readonly ErrorJson[]
}

export interface CommitReport {
  /** 0: committed, and nothing that is required is kept from being delivered. */
  readonly exit: number
  readonly items: readonly CommittedStoreItem[]
}

const AT_ONCE = 64
/** Somebody may be first once more while we plan anew; not for ever. */
const ROUNDS = 5

/**
 * Commits the entries of all items and every copy that is owed, in one transaction. An entry that stands in the ledger is taken, and nothing is
 * signed for it; it has to verify under our keys (`occupied` when another key signed it) and be about the artifact (`wrong_artifact`). Throws
 * what {@link store} throws before it writes anything, and what the ledger throws: then nothing is promised.
 *
 * @example const report = await commitStore({ ...job, ledger })
 */
export async function commitStore(job: CommitJob): Promise<CommitReport> {
  const limit = limitTo(AT_ONCE)
  const [trust, read] = await readAll(limit, job)
  const sign = signOnce(job.signer, trust)
  const foreign = foreignRuns(read)
  const standing = job.resign
    ? []
    : await Promise.all(read.map(({ about, item }) => job.ledger.find(about, item.format.name)))
  let items = read.map((one, at) => standingItem(one, standing[at], trust))
  if (!job.resign) items = await Promise.all(items.map((one) => importedItem(one, job.ledger, trust)))
  if (!job.resign) await refusePruned(items, job.ledger)
  for (let round = 1; ; round += 1) {
    const prepared = await Promise.all(items.map((one) => limit(() => prepareItem(one, foreign, sign, job))))
    if (job.dryRun) return reportOf(prepared, new Map(), job)
    const able = prepared.flatMap((item, at) => (item.source === 'planned' ? [] : [{ item, at }]))
    const { optional, resign } = job
    const told = await job.ledger.commit(
      able.map(({ item }) => item),
      { optional, resign, trust },
    )
    if (told.first === undefined) {
      const owed = new Map(able.map(({ at }, i) => [at, told.owed[i] ?? []]))
      return reportOf(prepared, owed, job)
    }
    if (round >= ROUNDS) throw new ProvError('conflict', 'other writers committed the same artifacts again and again')
    // Our signature is thrown away: the first commit stands.
    const first = new Map([...told.first].map(([i, entry]) => [able[i]?.at ?? -1, entry]))
    items = items.map((one, at) => standingItem(one, first.get(at), trust))
  }
}

async function refusePruned(items: readonly ReadItem[], ledger: Ledger): Promise<void> {
  for (const { adopted, about, item } of items) {
    if (adopted !== undefined || !(await ledger.isPruned(about, item.format.name))) continue
    throw prunedError(artifactName(about.artifact))
  }
}

function standingItem(read: ReadItem, entry: Entry | undefined, trust: Trust): ReadItem {
  if (entry === undefined) return read
  refuseOther(entry, read.about, trust)
  return { ...read, adopted: entry }
}

/** What nobody has signed or found so far may have been imported: an entry of strangers, or about something else, is none of ours. */
async function importedItem(read: ReadItem, ledger: Ledger, trust: Trust): Promise<ReadItem> {
  const { about, item, adopted } = read
  if (adopted !== undefined) return read
  const found = await ledger.imported(about, item.format.name)
  const ours = found.find(
    (entry) =>
      checkEntry(entry, trust).verified.length > 0 && relation(entry, about.artifact, about.subjects, 'one') === 'same',
  )
  return ours === undefined ? read : { ...read, adopted: ours }
}

function refuseOther(entry: Entry, about: About, trust: Trust): void {
  const { verified, failed } = checkEntry(entry, trust)
  const name = artifactName(about.artifact)
  const revoked = failed.find(({ code }) => code === 'key_revoked')
  if (verified.length === 0 && revoked !== undefined) {
    throw new ProvError('key_revoked', `the truth holds an entry of ${name}: ${revoked.message}`, {
      hint: 'prov store --resign signs it anew, with the key that signs now',
    })
  }
  if (verified.length === 0) {
    const untrusted = failed.every(({ code }) => code === 'key_untrusted')
    const why = failed[0]?.message ?? 'it has no signature'
    throw new ProvError(untrusted ? 'occupied' : 'signature_invalid', `the truth holds an entry of ${name}: ${why}`, {
      ...(untrusted ? { hint: 'name that key with --verify-key to build on its signature' } : {}),
    })
  }
  if (relation(entry, about.artifact, about.subjects, 'one') === 'same') return
  throw new ProvError('wrong_artifact', `what the truth holds for ${name} verifies, but is about something else`)
}

function reportOf(
  prepared: readonly PreparedItem[],
  owed: ReadonlyMap<number, readonly OwedCopy[]>,
  { optional, dryRun }: CommitJob,
): CommitReport {
  const items = prepared.map((one, at) => {
    const run = runOf(one.item.artifact)
    const stuck = one.rows.filter(({ action }) => action === 'blocked')
    const required = stuck.filter(({ backend }) => !optional.includes(backend))
    const isStuck = required.length > 0 || (one.source === 'planned' && !dryRun)
    return {
      ...described(one),
      exit: isStuck ? ERRORS.incomplete.exit : 0,
      ...(run === undefined ? {} : { run: artifactName(run) }),
      owed: owed.get(at) ?? [],
      findings: stuck.flatMap(({ error, backend }) => (error === undefined ? [] : [{ ...error, backend }])),
    }
  })
  return { exit: gravest(items.map((item) => item.exit)), items }
}
