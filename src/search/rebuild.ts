/**
 * Builds an index anew beside the one that is read, while workers write to both, and switches once everything is there. How far it came is kept in
 * the index itself, written together with the page that it speaks of: whatever loses the pages loses it too, so that it never promises too much.
 */
import { ProvError } from '../errors.ts'
import { isRecord } from '../platform/text/guards.ts'
import type { TermPages } from '../truth/term-pages.ts'
import type { Mark } from '../truth/truth.ts'
import { memberOf } from './index-member.ts'
import { type Change, type IndexStore, isWhole, textOf, textsOf } from './index-store.ts'
import { keysOf } from './index-walk.ts'
import { isExpected } from './reconcile.ts'

export interface RebuildJob {
  readonly truth: TermPages
  readonly index: IndexStore
  /** Of `holdLease`. */
  readonly lease: string
  /** Goes on where an interrupted rebuild of the same truth stopped; without one, and without this, from the beginning. */
  readonly resume: boolean
  readonly signal: AbortSignal
  /** Waits; rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Called after each page. */
  progress?(entries: number): void
}

export interface Rebuilt {
  readonly generation: string
  /** Entries and terms that were copied, those of an interrupted rebuild included. */
  readonly entries: number
  readonly terms: number
  /** True when it went on where another had stopped. */
  readonly resumed: boolean
  /** The last entry that was copied; absent for an empty truth. */
  readonly upTo?: Mark
}

/** What is remembered after each page. */
interface Walk {
  readonly truth: string
  readonly generation: string
  readonly horizon: string
  readonly entries: number
  readonly terms: number
  readonly mark?: Mark
}

const PAGE = 500
/** How long transactions that began before the rebuild may keep it from being complete. */
const LONGEST_MS = 10 * 60_000
const LOOK_MS = 200

/**
 * Throws `conflict` when another has taken over, or Redis lost what was built; `timed_out` when a transaction of the truth does not end.
 *
 * @example const { entries } = await rebuild({ truth, index, lease, resume: false, signal, sleep })
 */
export async function rebuild(job: RebuildJob): Promise<Rebuilt> {
  const { index, lease } = job
  await removeDead(job)
  const stopped = job.resume ? await stoppedWalk(job) : undefined
  let walk = stopped ?? (await begin(job))
  walk = await copy(walk, job)
  await refuseIncomplete(walk, job)
  const { generation, mark, entries, terms } = walk
  if (mark !== undefined) {
    await index.write([], { lease, generation })
    await index.prove(mark, generation)
  }
  await index.redis.script('switch', [lease, generation])
  await removeDead(job)
  return { generation, entries, terms, resumed: stopped !== undefined, ...(mark === undefined ? {} : { upTo: mark }) }
}

/** The order counts: what a worker writes after the generation is known comes into it, and what it wrote before lies before the horizon. */
async function begin({ index, truth, lease }: RebuildJob): Promise<Walk> {
  const { redis } = index
  const { prefix } = redis
  const live = await index.live()
  // What another left half-built is not gone on with.
  for (const one of textsOf(await redis.call('SMEMBERS', `${prefix}gens`), redis)) {
    if (one !== live) await retire(index, one)
  }
  const generation = String(await redis.call('INCR', `${prefix}last`))
  await redis.call('SADD', `${prefix}gens`, generation)
  const walk = { truth: await truth.name(), generation, horizon: await truth.horizon(), entries: 0, terms: 0 }
  await index.write([], { lease, generation, walk: JSON.stringify(walk) })
  return walk
}

async function stoppedWalk({ index, truth }: RebuildJob): Promise<Walk | undefined> {
  const { redis } = index
  const text = textOf(await redis.call('GET', `${redis.prefix}walk`), redis)
  const walk = text === undefined ? undefined : walkOf(text)
  if (walk === undefined || walk.truth !== (await truth.name())) return undefined
  return (await redis.call('SISMEMBER', `${redis.prefix}gens`, walk.generation)) === 1 ? walk : undefined
}

function walkOf(text: string): Walk | undefined {
  try {
    const walk: unknown = JSON.parse(text)
    const isWalk =
      isRecord(walk) && typeof walk['truth'] === 'string' && typeof walk['generation'] === 'string' && 'horizon' in walk
    return isWalk ? (walk as unknown as Walk) : undefined
  } catch {
    return undefined
  }
}

async function copy(begun: Walk, job: RebuildJob): Promise<Walk> {
  const { truth, index, lease, signal, sleep } = job
  let walk = begun
  for (let waited = 0; ; ) {
    signal.throwIfAborted()
    const isPast = await truth.isPast(walk.horizon)
    const page = await truth.termPage(walk.mark, PAGE)
    const last = page.at(-1)
    // What is committed after the horizon is written to both generations by whoever delivers it.
    const isDone = last === undefined || (page[0] !== undefined && truth.isLater(page[0], walk.horizon))
    if (isDone && isPast) return walk
    if (isDone) {
      if (waited > LONGEST_MS) {
        const message = 'a transaction that began before the rebuild does not end: what it writes would be left out'
        throw new ProvError('timed_out', message, { hint: 'end it, and run the same command again with --resume' })
      }
      await index.write([], { lease })
      await sleep(LOOK_MS, signal)
      waited += LOOK_MS
      continue
    }
    const good = page.filter(isExpected)
    walk = {
      ...walk,
      mark: { xid: last.xid, seq: last.seq },
      entries: walk.entries + good.length,
      terms: walk.terms + good.reduce((sum, { terms }) => sum + terms.length, 0),
    }
    const { generation } = walk
    await index.write(
      good.map((entry) => ({ add: entry })),
      { lease, generation, walk: JSON.stringify(walk) },
    )
    // What gave way to another while it was copied was taken out before it came in.
    const standing = await truth.stillStanding(good.map(({ seq }) => seq))
    const gone = good.filter(({ seq }) => !standing.has(seq))
    const removals = gone.map((one): Change => ({ remove: { member: memberOf(one), terms: one.terms, whole: true } }))
    if (gone.length > 0) await index.write(removals, { lease, generation })
    job.progress?.(walk.entries)
  }
}

/** Counts what is there; where it is less than what was copied, every entry is looked for. */
async function refuseIncomplete(walk: Walk, { index, truth, lease, signal }: RebuildJob): Promise<void> {
  const { redis } = index
  const { generation, horizon, entries } = walk
  if (Number(await redis.call('HLEN', `${redis.prefix}${generation}:n`)) >= entries) return
  for (let mark: Mark | undefined; ; ) {
    signal.throwIfAborted()
    const page = (await truth.termPage(mark, PAGE)).filter((one) => !truth.isLater(one, horizon))
    const last = page.at(-1)
    if (last === undefined) return
    mark = { xid: last.xid, seq: last.seq }
    const good = page.filter(isExpected)
    const found = await index.look(generation, good)
    const lost = good.filter((entry, at) => !isWhole(found[at] ?? { scores: [], summary: undefined }, entry))
    await index.write(
      lost.map((entry) => ({ add: entry })),
      { lease, generation },
    )
  }
}

async function retire({ redis }: IndexStore, generation: string): Promise<void> {
  await redis.call('SADD', `${redis.prefix}dead`, generation)
  await redis.call('SREM', `${redis.prefix}gens`, generation)
}

/** Removes what nobody reads or writes any more, in slices: Redis goes on serving meanwhile. */
async function removeDead({ index, lease, signal }: RebuildJob): Promise<void> {
  const { redis } = index
  for (const generation of textsOf(await redis.call('SMEMBERS', `${redis.prefix}dead`), redis)) {
    for await (const keys of keysOf(redis, `${redis.prefix}${generation}:*`)) {
      signal.throwIfAborted()
      await redis.call('UNLINK', ...keys)
      await index.write([], { lease })
    }
    await redis.call('SREM', `${redis.prefix}dead`, generation)
  }
}
