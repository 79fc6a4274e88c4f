/** What Node says when a connection fails, in prov's codes. Pure. */
import type { ErrorCode } from '../../src/errors.ts'

const UNREACHABLE: readonly string[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENOTFOUND',
  'ENODATA',
  'ESERVFAIL',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EADDRNOTAVAIL',
  'EPROTO',
  'UND_ERR_SOCKET',
]
const TIMED_OUT: readonly string[] = ['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'ETIMEOUT']

/**
 * `unreachable` or `timed_out`; undefined for an error of another kind.
 *
 * @example networkCode(Object.assign(new Error(), { code: 'ECONNREFUSED' })) // 'unreachable'
 */
export function networkCode(thrown: unknown): ErrorCode | undefined {
  if (!(thrown instanceof Error)) return undefined
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  if (UNREACHABLE.includes(code) || /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/.test(code)) {
    return 'unreachable'
  }
  return TIMED_OUT.includes(code) ? 'timed_out' : undefined
}

/** The first line of a message, which may quote what was stored, cut to a length fit for a report. */
export function shortMessage(message: string): string {
  const line = message.split('\n', 1)[0] ?? ''
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}
