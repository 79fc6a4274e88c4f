/** The index in Redis: what a worker and a reconcile write to it, and read back. */
import { ProvError } from '../errors.ts'
import { USE } from '../platform/redis/url.ts'
import type { Mark } from '../truth/truth.ts'
import { type IndexedEntry, memberOf, saysTheSame, summaryOf } from './index-member.ts'
import type { RedisConnection, Reply } from './redis.ts'
import { MOST_TERMS } from './scripts.ts'

/** One change of an index, in every generation that is written. */
export type Change =
  | { readonly add: IndexedEntry }
  /** Takes the member from these terms; `whole`: what a search shows of it goes as well. */
  | { readonly remove: { readonly member: string; readonly terms: readonly string[]; readonly whole: boolean } }

export interface WriteOptions {
  /** Of a reconcile: the write is refused (`conflict`) when another has taken over. */
  readonly lease?: string
  /** Into this generation alone. */
  readonly generation?: string
  /** What the reconcile has to know to go on from here. */
  readonly walk?: string
}

/** What a generation has of an entry. */
export interface Found {
  /** In the order of its terms: the number that stands there; undefined for none. */
  readonly scores: readonly (number | undefined)[]
  /** True when it shows the same of it, undefined when it shows nothing. */
  readonly summary: boolean | undefined
}

export interface IndexStore {
  readonly redis: RedisConnection
  /** The generation that is read; undefined where nothing was written yet. */
  live(): Promise<string | undefined>
  /** Gives the generations that were written. */
  write(changes: readonly Change[], options?: WriteOptions): Promise<readonly string[]>
  look(generation: string, entries: readonly IndexedEntry[]): Promise<readonly Found[]>
  /** Remembers, of a generation (absent: the one that is read), that it has every entry up to this one: a search says so. */
  prove(upTo: Mark, generation?: string): Promise<void>
  close(): Promise<void>
}

/** Arguments of one call: Redis serves nobody else meanwhile. */
const MOST_ARGUMENTS = 5_000

/** @example const index = indexOver(await connectRedis(place, { readOnly: false })) */
export function indexOver(redis: RedisConnection): IndexStore {
  const { prefix } = redis
  let isMarked = false
  return {
    redis,
    live: async () => textOf(await redis.call('GET', `${prefix}live`), redis),
    write: async (changes, { lease = '', generation = '', walk = '' } = {}) => {
      if (!isMarked) await redis.call('SET', USE, 'index', 'NX')
      isMarked = true
      let written: readonly string[] = []
      const parts = partsOf(changes)
      for (const [at, part] of parts.entries()) {
        // What is remembered is true only once all of it is written.
        const last = at === parts.length - 1
        written = textsOf(await redis.script('live', [lease, generation, last ? walk : '', ...part]), redis)
      }
      return written
    },
    look: async (generation, entries) => {
      const commands = entries.flatMap((entry) => [
        ...entry.terms.map((term) => ['ZSCORE', `${prefix}${generation}:t:${term}`, memberOf(entry)] as const),
        ['HGET', `${prefix}${generation}:n`, memberOf(entry)] as const,
      ])
      const answers = await redis.together(commands)
      let at = 0
      return entries.map((entry) => {
        const scores = entry.terms.map(() => scoreOf(answers[at++] ?? null))
        const summary = answers[at++]
        return { scores, summary: typeof summary === 'string' ? saysTheSame(summary, entry) : undefined }
      })
    },
    prove: async ({ xid, seq }, generation) => {
      const which = generation ?? textOf(await redis.call('GET', `${prefix}live`), redis)
      if (which !== undefined) await redis.call('SET', `${prefix}${which}:upto`, `${xid} ${seq}`)
    },
    close: () => redis.close(),
  }
}

/** Always one part: a write of nothing says that the lease is held, and prolongs it. */
function partsOf(changes: readonly Change[]): readonly (readonly (string | number)[])[] {
  const parts: (string | number)[][] = [[]]
  for (const change of changes) {
    const made = argumentsOf(change)
    const last = parts.at(-1)
    if (last === undefined || (last.length > 0 && last.length + made.length > MOST_ARGUMENTS)) parts.push([...made])
    else last.push(...made)
  }
  return parts
}

function argumentsOf(change: Change): readonly (string | number)[] {
  if ('add' in change) {
    const { terms, seq } = change.add
    if (terms.length > MOST_TERMS) {
      throw new ProvError('entry_too_large', `entry ${seq} has ${terms.length} search terms: more than an index takes`)
    }
    return ['a', memberOf(change.add), seq, summaryOf(change.add), terms.length, ...terms]
  }
  const { member, terms, whole } = change.remove
  return [whole ? 'x' : 'd', member, '', '', terms.length, ...terms]
}

/** @example isWhole(found, entry) // true: every term has it, under its number, and a search shows it */
export function isWhole({ scores, summary }: Found, { seq }: Pick<IndexedEntry, 'seq'>): boolean {
  return summary === true && scores.every((score) => score === seq)
}

function scoreOf(reply: Reply): number | undefined {
  return reply === null ? undefined : Number(reply)
}

/** Text, or undefined for nothing. Throws `response_invalid` for a reply of another kind. */
export function textOf(reply: Reply | undefined, { location }: Pick<RedisConnection, 'location'>): string | undefined {
  if (reply === null || reply === undefined) return undefined
  if (typeof reply === 'string') return reply
  throw new ProvError('response_invalid', 'Redis answered something else than text', { location })
}

/** Throws `response_invalid` for anything but a list of texts. */
export function textsOf(reply: Reply | undefined, { location }: Pick<RedisConnection, 'location'>): readonly string[] {
  if (Array.isArray(reply) && reply.every((one) => typeof one === 'string')) return reply
  throw new ProvError('response_invalid', 'Redis answered something else than a list of texts', { location })
}
