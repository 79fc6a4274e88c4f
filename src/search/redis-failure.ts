/** What Redis or the way to it says went wrong, in prov's codes. */
import { type ErrorCode, ProvError } from '../errors.ts'
import { networkReason } from '../platform/http/network-error.ts'

/** First word of an error reply → what it means here. */
const REPLIES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
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
  LEASE: ['conflict', 'another reconcile has taken over'],
  GENERATION: ['conflict', 'what was being rebuilt has gone from Redis: it was removed, or Redis lost its data'],
  WRONGTYPE: ['response_invalid', 'a key of the index holds something else'],
}

const HINTS: Readonly<Record<string, string>> = {
  NOAUTH:
    'write the password into a file, and name that with --set index.password-file=FILE, or set PROV_INDEX_PASSWORD',
  WRONGPASS: 'see index.password-file and PROV_INDEX_PASSWORD, and the user in index.url',
  OOM: 'give Redis more memory: prov counts on about 2 KB an entry',
  READONLY: 'name the primary server in index.url',
  LEASE: 'run the same command again once the other has ended',
  GENERATION: 'run prov reconcile --rebuild again',
}

/** @example throw redisFailure(thrown, 'redis://cache/1') */
export function redisFailure(thrown: unknown, location: string): unknown {
  if (!(thrown instanceof Error) || thrown instanceof ProvError) return thrown
  const details = { location, cause: thrown }
  // Within a script: "ERR … @user_script: 1: OOM command not allowed", or the code itself in front.
  const word = /^(?:ERR )?(?:Error running script.*?: )?-?([A-Z]+)\b/.exec(thrown.message)?.[1] ?? ''
  const inner =
    REPLIES[word] === undefined ? /\b(OOM|READONLY|NOPERM|MISCONF|WRONGTYPE)\b/.exec(thrown.message)?.[1] : word
  const known = REPLIES[inner ?? '']
  if (thrown.name === 'ReplyError' && known !== undefined && inner !== undefined) {
    const hint = HINTS[inner]
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
