/** URLs of Redis, and for what a database is used. Pure. */
import type { RedisServer } from './client.ts'

/** Says for what a database is used: evicting a cache would take an index with it. */
export const USE = 'prov:use'

/**
 * Of `redis://[USER@]HOST[:PORT][/DATABASE]`, or `rediss://…` with TLS; undefined for anything else. A password in it is not read.
 *
 * @example serverOf('redis://cache/1')?.port // 6379
 */
export function serverOf(url: string): RedisServer | undefined {
  const parsed = URL.parse(url)
  if (parsed === null || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '') return undefined
  const database = /^\/?(\d{0,4})$/.exec(parsed.pathname)?.[1]
  const username = decoded(parsed.username)
  if (database === undefined || username === undefined || parsed.search !== '' || parsed.hash !== '') return undefined
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? 6379 : Number(parsed.port),
    database: Number(database),
    username,
    isTls: parsed.protocol === 'rediss:',
  }
}

/**
 * As it may be shown: without a password. Undefined for what is not a URL.
 *
 * @example shownRedis('redis://prov:secret@cache/1') // 'redis://prov@cache/1'
 */
export function shownRedis(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { protocol, username, host, pathname } = new URL(url)
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
