/** Walks a generation of the index from end to end, in slices, while others go on writing to it. */
import { ProvError } from '../errors.ts'
import { textsOf } from './index-store.ts'
import type { RedisConnection, Reply } from './redis.ts'

/** A member of a term; without a term, one of which a search shows something. */
export interface IndexPair {
  readonly term: string | undefined
  readonly member: string
}

const KEYS = 300
const MEMBERS = 500

/** May give a pair twice; leaves out none that was there from the beginning to the end. Most terms have one member: they come together. */
export async function* pairsOf(redis: RedisConnection, generation: string): AsyncGenerator<readonly IndexPair[]> {
  const start = `${redis.prefix}${generation}:t:`
  let pairs: IndexPair[] = []
  for await (const keys of keysOf(redis, `${start}*`)) {
    const firsts = await redis.together(keys.map((key) => ['ZSCAN', key, '0', 'COUNT', MEMBERS]))
    for (const [at, key] of keys.entries()) {
      const term = key.slice(start.length)
      let part = scanned(firsts[at], redis)
      for (;;) {
        for (let i = 0; i < part.items.length; i += 2) pairs.push({ term, member: part.items[i] ?? '' })
        if (pairs.length >= MEMBERS) {
          yield pairs
          pairs = []
        }
        if (part.cursor === '0') break
        part = scanned(await redis.call('ZSCAN', key, part.cursor, 'COUNT', MEMBERS), redis)
      }
    }
  }
  if (pairs.length > 0) yield pairs
}

/** The same for what a search shows. */
export async function* summariesOf(redis: RedisConnection, generation: string): AsyncGenerator<readonly IndexPair[]> {
  let cursor = '0'
  do {
    const part = scanned(await redis.call('HSCAN', `${redis.prefix}${generation}:n`, cursor, 'COUNT', MEMBERS), redis)
    cursor = part.cursor
    const members = part.items.filter((_, i) => i % 2 === 0)
    if (members.length > 0) yield members.map((member) => ({ term: undefined, member }))
  } while (cursor !== '0')
}

/** Keys of a pattern, some at a time, each once or more often. */
export async function* keysOf(redis: RedisConnection, pattern: string): AsyncGenerator<readonly string[]> {
  let cursor = '0'
  do {
    const part = scanned(await redis.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', KEYS), redis)
    cursor = part.cursor
    if (part.items.length > 0) yield part.items
  } while (cursor !== '0')
}

function scanned(reply: Reply | undefined, redis: RedisConnection): { cursor: string; items: readonly string[] } {
  const [cursor, items] = Array.isArray(reply) ? reply : []
  if (typeof cursor === 'string' && /^[0-9]{1,20}$/.test(cursor)) return { cursor, items: textsOf(items, redis) }
  throw new ProvError('response_invalid', 'Redis answered a scan with something else', { location: redis.location })
}
