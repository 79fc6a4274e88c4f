/** The index as a source of a search. */
import { ProvError } from '../errors.ts'
import type { Mark } from '../truth/truth.ts'
import { hitOf } from './index-member.ts'
import { textsOf } from './index-store.ts'
import { connectRedis, type IndexPlace, type RedisConnection } from './redis.ts'
import { type Hit, MOST_HITS, type SearchSource } from './source.ts'

const UNPROVEN =
  'the index was not found equal to the truth since it was made: prov reconcile --repair, or --rebuild, does that'

/**
 * Connects to an index to search it; needs no right to write. Throws what {@link connectRedis} throws.
 *
 * @example const source = await openIndexSource({ url: 'redis://cache/1', namespace: 'prov' })
 */
export async function openIndexSource(place: IndexPlace): Promise<SearchSource> {
  return indexSource(await connectRedis(place, { readOnly: true }))
}

/** See {@link openIndexSource}. */
export function indexSource(redis: RedisConnection): SearchSource {
  return {
    name: 'index',
    find: async (terms, { after, limit }) => {
      if (terms.length === 0) throw new ProvError('internal', 'a search without a term')
      const most = Math.min(limit, MOST_HITS)
      const hits: Hit[] = []
      let from = after === undefined ? '-inf' : `(${after}`
      let upTo: Mark | undefined
      let lost = 0
      for (;;) {
        const [generation, proven = '', next = '', ...found] = textsOf(
          await redis.script('find', [from, most + 1 - hits.length, ...terms]),
          redis,
        )
        upTo = markOf(proven)
        for (let at = 0; at + 1 < found.length; at += 2) {
          const hit = hitOf(found[at] ?? '', found[at + 1] ?? '')
          if (hit === undefined) lost += 1
          else hits.push(hit)
        }
        const isFull = hits.length > most
        if (isFull || next === '') {
          const why =
            generation === ''
              ? 'the index is empty'
              : lost > 0
                ? `the index has lost what it says of ${lost} of these entries: prov reconcile --repair`
                : upTo === undefined
                  ? UNPROVEN
                  : undefined
          return {
            hits: hits.slice(0, most),
            more: isFull,
            complete: why === undefined,
            ...(upTo === undefined ? {} : { upTo }),
            ...(why === undefined ? {} : { why }),
          }
        }
        if (!isFurther(next, from)) {
          throw new ProvError('response_invalid', 'Redis answered with members out of order', {
            location: redis.location,
          })
        }
        from = next
      }
    },
    close: () => redis.close(),
  }
}

/** Both as they stand in a call: `(` and a number. */
function isFurther(next: string, from: string): boolean {
  return from === '-inf' ? next.startsWith('(') : Number(next.slice(1)) > Number(from.slice(1))
}

/** As a reconcile writes it: `<xid> <seq>`. */
export function markOf(text: string): Mark | undefined {
  const [, xid, seq] = /^([0-9]{1,20}) ([0-9]{1,15})$/.exec(text) ?? []
  return xid === undefined || seq === undefined ? undefined : { xid, seq: Number(seq) }
}
