/**
 * Compares an index with the truth, in both directions. What is found to differ is looked at once more before it is told, so that what arrives
 * meanwhile is judged by its own commit. Memory stays flat: pages of the truth, and slices of the index.
 */

import { termOf } from '../provenance/terms.ts'
import type { TermedEntry, TermPages } from '../truth/term-pages.ts'
import type { Mark } from '../truth/truth.ts'
import type { IndexCounts, IndexDifference } from './difference.ts'
import { type IndexedEntry, memberParts } from './index-member.ts'
import { type Change, type Found, type IndexStore, isWhole } from './index-store.ts'
import { type IndexPair, pairsOf, summariesOf } from './index-walk.ts'
import { keepLease } from './lease.ts'

export interface ReconcileJob {
  readonly truth: TermPages
  readonly index: IndexStore
  /** Only entries that were committed after this mark. */
  readonly from?: Mark | undefined
  /** Writes what is missing or wrong. */
  readonly repair: boolean
  /** Removes what is too much. */
  readonly prune: boolean
  /** Of {@link holdLease}; needed to change anything. */
  readonly lease?: string
  readonly signal: AbortSignal
  /** Called with each difference, in the order in which they are found. */
  told(difference: IndexDifference): void | Promise<void>
  /** Called after each page of the truth. */
  progress?(entries: number): void
}

export interface Reconciled extends IndexCounts {
  /** The last entry that was compared; absent for an empty truth. */
  readonly upTo?: Mark
}

const PAGE = 200
/** Of what is too much, so many are remembered: a walk of Redis may show the same one twice. */
const MOST_REMEMBERED = 100_000

/**
 * Without `repair` and `prune` nothing is changed. Throws what keeps the truth or the index from being read, and `conflict` when another
 * reconcile has taken over.
 *
 * @example const { missing, wrong, extra } = await reconcile({ truth, index, repair: false, prune: false, signal, told })
 */
export async function reconcile(job: ReconcileJob): Promise<Reconciled> {
  const counts = { entries: 0, terms: 0, missing: 0, wrong: 0, extra: 0, owed: 0, repaired: 0, pruned: 0 }
  const tell = async (difference: IndexDifference): Promise<void> => {
    counts[difference.what] += 1
    if (difference.owed === true) counts.owed += 1
    if (difference.repaired) counts[difference.what === 'extra' ? 'pruned' : 'repaired'] += 1
    await job.told(difference)
  }
  const upTo = await fromTruth(job, counts, tell)
  await fromIndex(job, tell)
  return { ...counts, ...(upTo === undefined ? {} : { upTo }) }
}

type Tell = (difference: IndexDifference) => Promise<void>

/** Each entry of the truth: does every term of it stand in the index? */
async function fromTruth(
  job: ReconcileJob,
  counts: { entries: number; terms: number },
  tell: Tell,
): Promise<Mark | undefined> {
  const { truth, signal } = job
  const horizon = await truth.horizon()
  let mark = job.from
  for (;;) {
    signal.throwIfAborted()
    if (job.lease !== undefined) await keepLease(job.index, job.lease)
    const page = (await truth.termPage(mark, PAGE)).filter((one) => !truth.isLater(one, horizon))
    const last = page.at(-1)
    if (last === undefined) return mark
    await comparePage(page.filter(isExpected), job, counts, tell)
    mark = { xid: last.xid, seq: last.seq }
    job.progress?.(counts.entries)
  }
}

/** Nothing of a quarantined entry leaves the truth; what was indexed before stays. */
export function isExpected({ state }: TermedEntry): boolean {
  return state === 'good'
}

async function comparePage(
  page: readonly TermedEntry[],
  job: ReconcileJob,
  counts: { entries: number; terms: number },
  tell: Tell,
): Promise<void> {
  counts.entries += page.length
  counts.terms += page.reduce((sum, { terms }) => sum + terms.length, 0)
  const doubtful = await notWhole(page, job.index)
  if (doubtful.length === 0) return
  const again = (await job.truth.termsOf(doubtful.map(({ entry }) => entry.seq))).filter(isExpected)
  const bad = await notWhole(again, job.index)
  const { repair, index, lease } = job
  let left: ReadonlySet<number> = new Set(bad.map(({ entry }) => entry.seq))
  if (repair && lease !== undefined) {
    await index.write(
      bad.map(({ entry }) => ({ add: entry })),
      { lease },
    )
    left = new Set(
      (
        await notWhole(
          bad.map(({ entry }) => entry),
          index,
        )
      ).map(({ entry }) => entry.seq),
    )
  }
  for (const { entry, found } of bad) {
    const facts = { seq: entry.seq, id: entry.id, ...(entry.owed ? { owed: true as const } : {}) }
    const repaired = !left.has(entry.seq)
    for (const [at, term] of entry.terms.entries()) {
      const score = found.scores[at]
      if (score === undefined) await tell({ what: 'missing', term, ...facts, repaired })
      else if (score !== entry.seq) await tell({ what: 'wrong', term, ...facts, score, repaired })
    }
    if (found.summary !== true) {
      await tell({ what: found.summary === undefined ? 'missing' : 'wrong', ...facts, repaired })
    }
  }
}

const NOTHING = (entry: IndexedEntry): Found => ({ scores: entry.terms.map(() => undefined), summary: undefined })

interface Doubtful<T> {
  readonly entry: T
  readonly found: Found
}

async function notWhole<T extends IndexedEntry>(
  entries: readonly T[],
  index: IndexStore,
): Promise<readonly Doubtful<T>[]> {
  if (entries.length === 0) return []
  // Asked for each time: a rebuild may have switched to another generation meanwhile.
  const generation = await index.live()
  const found = generation === undefined ? entries.map(NOTHING) : await index.look(generation, entries)
  return entries.flatMap((entry, at) => {
    const one = found[at] ?? NOTHING(entry)
    return isWhole(one, entry) ? [] : [{ entry, found: one }]
  })
}

/** Each member of the index: is it an entry that stands, and does it have the term? */
async function fromIndex(job: ReconcileJob, tell: Tell): Promise<void> {
  const { index, signal } = job
  const generation = await index.live()
  if (generation === undefined) return
  const seen = new Set<string>()
  const judge = async (pairs: readonly IndexPair[]): Promise<void> => {
    signal.throwIfAborted()
    if (job.lease !== undefined) await keepLease(index, job.lease)
    const extra = await extraOf(
      pairs.filter((pair) => isAfter(pair, job.from)),
      job.truth,
    )
    // An entry that gave way to another meanwhile was taken out of the index by its worker.
    const still = await stillThere(extra, generation, index)
    const fresh = still.filter((pair) => !seen.has(pairKey(pair)))
    for (const pair of fresh) if (seen.size < MOST_REMEMBERED) seen.add(pairKey(pair))
    const repaired = job.prune && job.lease !== undefined && fresh.length > 0
    if (repaired) await index.write(fresh.map(removalOf), { lease: job.lease ?? '' })
    for (const { term, member } of fresh) {
      const where = term === undefined ? {} : { term }
      await tell({ what: 'extra', ...where, ...(memberParts(member) ?? { member: member.slice(0, 200) }), repaired })
    }
  }
  for await (const pairs of pairsOf(index.redis, generation)) await judge(pairs)
  for await (const pairs of summariesOf(index.redis, generation)) await judge(pairs)
}

const pairKey = ({ term, member }: IndexPair): string => JSON.stringify([term, member])

/** With `--since`, members with a lower number are not looked at; what has no number is not an entry, and is looked at. */
function isAfter({ member }: IndexPair, from: Mark | undefined): boolean {
  return from === undefined || (memberParts(member)?.seq ?? Number.POSITIVE_INFINITY) > from.seq
}

function removalOf({ term, member }: IndexPair): Change {
  return { remove: { member, terms: term === undefined ? [] : [term], whole: term === undefined } }
}

async function extraOf(pairs: readonly IndexPair[], truth: TermPages): Promise<readonly IndexPair[]> {
  const claims = pairs.map(({ term, member }) => {
    const parts = memberParts(member)
    // Every entry has its own id among its terms: a summary is judged by that.
    return parts === undefined ? undefined : { ...parts, term: term ?? termOf('entry', parts.id) }
  })
  const known = await truth.has(claims.filter((claim) => claim !== undefined))
  let at = 0
  return pairs.filter((_, i) => claims[i] === undefined || known[at++] === false)
}

async function stillThere(
  pairs: readonly IndexPair[],
  generation: string,
  { redis }: IndexStore,
): Promise<readonly IndexPair[]> {
  const answers = await redis.together(
    pairs.map(({ term, member }) =>
      term === undefined
        ? ['HEXISTS', `${redis.prefix}${generation}:n`, member]
        : ['ZSCORE', `${redis.prefix}${generation}:t:${term}`, member],
    ),
  )
  return pairs.filter((_, at) => answers[at] !== null && answers[at] !== 0)
}
