/** What Redis or the way to it says went wrong, in prov's codes. */
import { type ErrorCode, ProvError } from '../../errors.ts'
import { networkReason } from '../http/network-error.ts'

/** First word of an error reply → what it means. */
export type Replies = Readonly<Record<string, readonly [ErrorCode, string]>>

/** What whoever speaks to Redis adds: replies of scripts of its own, and what to do about a reply. */
export interface RedisWords {
  readonly replies?: Replies
  /** By the first word of the reply. */
  readonly hints?: Readonly<Record<string, string>>
}

const REPLIES: Replies = {
  NOAUTH: ['denied', 'Redis wants a password'],
  WRONGPASS: ['denied', 'Redis refused the password'],
  NOPERM: ['denied', 'Redis does not allow this to this user'],
  OOM: ['server_error', 'Redis is full (maxmemory)'],
  MISCONF: ['server_error', 'Redis takes no writes, since it could not write to its disk'],
  READONLY: ['server_error', 'this Redis takes no writes: it is a replica'],
  MOVED: ['server_error', 'this node of the Redis cluster does not hold the keys'],
  ASK: ['throttled', 'the Redis cluster is moving the keys'],
  CLUSTERDOWN: ['server_error', 'the Redis cluster is down'],
  NOREPLICAS: ['server_error', 'Redis has too few replicas to take writes'],
  LOADING: ['throttled', 'Redis is still loading its data'],
  BUSY: ['throttled', 'Redis is busy with a script'],
  TRYAGAIN: ['throttled', 'Redis asks to try again'],
  MASTERDOWN: ['throttled', 'the replica has lost its master'],
  WRONGTYPE: ['response_invalid', 'a key holds something else than it should'],
}

/** @example throw redisFailure(thrown, 'redis://cache/1') */
export function redisFailure(thrown: unknown, location: string, { replies, hints }: RedisWords = {}): unknown {
  if (!(thrown instanceof Error) || thrown instanceof ProvError) return thrown
  const details = { location, cause: thrown }
  const all = { ...REPLIES, ...replies }
  // Within a script: "ERR … @user_script: 1: OOM command not allowed", or the code itself in front.
  const word = /^(?:ERR )?(?:Error running script.*?: )?-?([A-Z]+)\b/.exec(thrown.message)?.[1] ?? ''
  const inner = all[word] === undefined ? /\b(OOM|READONLY|NOPERM|MISCONF|WRONGTYPE)\b/.exec(thrown.message)?.[1] : word
  const known = all[inner ?? '']
  if (thrown.name === 'ReplyError' && known !== undefined && inner !== undefined) {
    const hint = hints?.[inner]
    return new ProvError(known[0], known[1], { ...details, ...(hint === undefined ? {} : { hint }) })
  }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : codeIn(thrown)
  if (code === 'ETIMEDOUT' || /timed? ?out/i.test(thrown.message)) {
    return new ProvError('timed_out', 'Redis did not answer in time', details)
  }
  const network = networkReason(thrown)
  if (network !== undefined) return new ProvError('unreachable', `Redis: ${network}`, details)
  if (/certificate|SSL|TLS/i.test(thrown.message) || /^(?:ERR_TLS|ERR_SSL|EPROTO)/.test(code)) {
    return new ProvError('unreachable', `no safe connection to Redis: ${thrown.message}`, details)
  }
  if (/Connection is closed|Stream isn't writeable|max retries|Connection in .* mode/i.test(thrown.message)) {
    return new ProvError('unreachable', 'the connection to Redis broke', details)
  }
  if (thrown.name === 'ReplyError') {
    return new ProvError('server_error', `Redis: ${thrown.message.slice(0, 200)}`, details)
  }
  if (/protocol error|parser|RESP type/i.test(thrown.message) || thrown.name === 'ParserError') {
    return new ProvError('response_invalid', 'what answers there does not speak the protocol of Redis', details)
  }
  return thrown
}

function codeIn(thrown: Error): string {
  const [first] = thrown instanceof AggregateError ? (thrown.errors as readonly { readonly code?: unknown }[]) : []
  return typeof first?.code === 'string' ? first.code : ''
}
