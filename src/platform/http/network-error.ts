/** What Node says when a connection fails: in prov's codes, and in words. Pure. */
import type { ErrorCode } from '../../errors.ts'

/** Codes of a failed connection (libuv, c-ares, Node's proxy support, undici), with what they mean. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed',
  ECONNABORTED: 'the connection was closed',
  EPIPE: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed',
  ENOTFOUND: 'no host has that name',
  ENODATA: 'no host has that name',
  ESERVFAIL: 'the name server failed',
  EAI_AGAIN: 'the name server did not answer',
  EHOSTUNREACH: 'no route leads to the host',
  ENETUNREACH: 'no route leads to its network',
  EHOSTDOWN: 'the host is down',
  EADDRNOTAVAIL: 'this machine has no address to connect from',
  EPROTO: 'it does not speak TLS, or a version that prov refuses',
  ERR_PROXY_TUNNEL: 'the proxy did not let prov through',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself, and not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'the root of its certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the issuer of its certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the issuer of its certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the issuer of its certificate is not trusted',
  ETIMEDOUT: 'it did not accept a connection in time',
  ESOCKETTIMEDOUT: 'it did not answer in time',
  ETIMEOUT: 'the name server did not answer in time',
}
const TIMED_OUT: readonly string[] = ['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'ETIMEOUT']
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_|DEPTH_ZERO/
const TLS = /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/

/**
 * `unreachable` or `timed_out`; undefined for an error of another kind.
 *
 * @example networkCode(Object.assign(new Error(), { code: 'ECONNREFUSED' })) // 'unreachable'
 */
export function networkCode(thrown: unknown): ErrorCode | undefined {
  if (!(thrown instanceof Error)) return undefined
  const code = codeOf(thrown)
  if (TIMED_OUT.includes(code)) return 'timed_out'
  return Object.hasOwn(WORDS, code) || TLS.test(code) ? 'unreachable' : undefined
}

/**
 * Why a connection failed, also where it is the cause of another error: the code of the system only beside the words for it. Undefined:
 * not for a reason that is known.
 *
 * @example networkReason(error) // 'connection refused'
 */
export function networkReason(thrown: unknown): string | undefined {
  const code = innerCode(thrown)
  if (code === undefined) return undefined
  const words = WORDS[code] ?? (TLS.test(code) ? 'TLS failed' : undefined)
  if (words === undefined) return undefined
  return isTlsCode(code) ? `${words} (${code})` : words
}

/**
 * True where a certificate was refused, or no TLS could be spoken: trying again does not help.
 *
 * @example isTlsFailure(Object.assign(new Error(), { code: 'CERT_HAS_EXPIRED' })) // true
 */
export function isTlsFailure(thrown: unknown): boolean {
  return isTlsCode(innerCode(thrown) ?? '')
}

/** @example isCertificateFailure(Object.assign(new Error(), { code: 'EPROTO' })) // false */
export function isCertificateFailure(thrown: unknown): boolean {
  return CERTIFICATE.test(innerCode(thrown) ?? '')
}

/**
 * The host (`host:port`) that a failed connection was to, where Node says so.
 *
 * @example networkHost(Object.assign(new Error(), { code: 'ENOTFOUND', hostname: 'r.example' })) // 'r.example'
 */
export function networkHost(thrown: unknown): string | undefined {
  for (const error of chainOf(thrown)) {
    const { hostname, host, address, port } = error as NodeJS.ErrnoException & Readonly<Record<string, unknown>>
    const name = [hostname, host, address].find((value) => typeof value === 'string' && value !== '')
    if (typeof name === 'string') return typeof port === 'number' ? `${bracketed(name)}:${port}` : name
  }
  return undefined
}

function bracketed(name: string): string {
  return name.includes(':') ? `[${name}]` : name
}

/**
 * One sentence for a connection that failed: the host, where it is known, and why.
 *
 * @param service what is named where the host is not known, e.g. `DynamoDB`
 *
 * @example connectionFailure('DynamoDB', error) // '127.0.0.1:8000 (DynamoDB) could not be reached: connection refused'
 */
export function connectionFailure(service: string, thrown: unknown): string {
  const host = networkHost(thrown)
  const who = host === undefined ? service : `${host} (${service})`
  const reason = networkReason(thrown)
  return `${who} could not be reached${reason === undefined ? '' : `: ${reason}`}`
}

/** The first line of a message, which may quote what was stored, cut to a length fit for a report. */
export function shortMessage(message: string): string {
  const line = message.split('\n', 1)[0] ?? ''
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}

/** At most 200 printable characters of what a server said, on one line. */
export function quote(text: string): string {
  return text
    .slice(0, 2000)
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200)
}

function isTlsCode(code: string): boolean {
  return TLS.test(code) || code === 'EPROTO'
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function innerCode(thrown: unknown): string | undefined {
  return chainOf(thrown)
    .map(codeOf)
    .find((code) => Object.hasOwn(WORDS, code) || TLS.test(code))
}

/** An error, the errors that it stands for, and their causes; outermost first. */
function chainOf(thrown: unknown, depth = 0): readonly Error[] {
  if (!(thrown instanceof Error) || depth > 5) return []
  const inner: readonly unknown[] = [...(thrown instanceof AggregateError ? thrown.errors : []), thrown.cause]
  return [thrown, ...inner.flatMap((error) => chainOf(error, depth + 1))]
}
