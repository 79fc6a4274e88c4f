/** From a URL to a cache. Each provider is loaded only when it is named, and none is waited for. */
import { ProvError } from '../errors.ts'
import type { HttpContext } from '../platform/http/context.ts'
import type { RedisServer } from '../platform/redis/client.ts'
import { serverOf, shownRedis } from '../platform/redis/url.ts'
import type { Cache, CacheEvents, Provider } from './cache.ts'
import { guarded } from './guarded.ts'

/** What a URL names. */
export type CacheKind =
  | { readonly provider: 'none' | 'memory' }
  | { readonly provider: 'redis'; readonly server: RedisServer }
  | { readonly provider: 'dapr'; readonly base: string; readonly store: string }

export interface CachePlace {
  /** `none`, `memory`, `redis://[USER@]HOST[:PORT][/DATABASE]`, `rediss://…` or `dapr:http://HOST:PORT/STORE`. */
  readonly url: string
  readonly password?: string | undefined
  /** PEM certificates that the server's has to be signed by. */
  readonly ca?: string | undefined
  /** Longest time of one call, in milliseconds. */
  readonly budgetMs: number
}

const DAPR =
  /^dapr:(http:\/\/(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::[0-9]{1,5})?)\/([A-Za-z0-9._-]{1,64})$/
const FORMS = 'none, memory, redis://HOST/DATABASE, rediss://HOST/DATABASE or dapr:http://HOST:PORT/STORE'

/**
 * Throws `usage` for what is not a cache. A password in the URL is not read.
 *
 * @example kindOf('dapr:http://127.0.0.1:3500/verdicts').provider // 'dapr'
 */
export function kindOf(url: string): CacheKind {
  if (url === 'none' || url === 'memory') return { provider: url }
  const server = serverOf(url)
  if (server !== undefined) return { provider: 'redis', server }
  const [, base, store] = DAPR.exec(url) ?? []
  if (base !== undefined && store !== undefined && URL.canParse(base)) return { provider: 'dapr', base, store }
  throw new ProvError('usage', `a cache is ${FORMS}`)
}

/** True where others can write: what is kept there has to be sealed with a key that they do not have. */
export function isShared({ provider }: CacheKind): boolean {
  return provider === 'redis' || provider === 'dapr'
}

/** The shortest time for which a value can be kept there, in milliseconds: Dapr's is in whole seconds, and 0 means for ever. */
export function leastTtlMs({ provider }: CacheKind): number {
  return provider === 'dapr' ? 1000 : 1
}

/**
 * Opens it; nothing is sent before the first call. Throws `usage` for a URL that {@link kindOf} does not take.
 *
 * @example const cache = await openCache({ url: 'memory', budgetMs: 50 }, events, context)
 */
export async function openCache(place: CachePlace, events: CacheEvents, context: HttpContext): Promise<Cache> {
  const provider = await providerOf(place, context)
  return guarded(provider, { budgetMs: place.budgetMs, now: () => context.now(), events })
}

async function providerOf({ url, password, ca, budgetMs }: CachePlace, context: HttpContext): Promise<Provider> {
  const kind = kindOf(url)
  switch (kind.provider) {
    case 'none':
      return NONE
    case 'memory': {
      const { memoryProvider, MEMORY_BYTES } = await import('./memory.ts')
      return memoryProvider({ bytes: MEMORY_BYTES, now: () => context.now() })
    }
    case 'redis': {
      const { redisProvider } = await import('./redis.ts')
      return redisProvider({ ...kind.server, password, ca, budgetMs, location: shownRedis(url) ?? 'the cache' })
    }
    case 'dapr': {
      const { daprProvider } = await import('./dapr.ts')
      return daprProvider({ base: kind.base, store: kind.store, budgetMs }, context)
    }
  }
}

const NONE: Provider = {
  name: 'none',
  get: async () => undefined,
  set: async () => undefined,
  delete: async () => undefined,
  close: async () => undefined,
}
