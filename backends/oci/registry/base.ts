/** Finds out where the API of a host is. */
import { ProvError } from '../../../src/errors.ts'
import type { Http } from '../../../src/platform/http/client.ts'
import { failure, type Where } from '../failure.ts'
import { baseUrls } from './hosts.ts'

export interface BaseOptions {
  readonly http: Http
  readonly signal: AbortSignal
  readonly where: Where
  readonly insecure: boolean
  /** The user named certificates. */
  readonly tls: boolean
}

/**
 * The base URL of a registry. Only where both https and http are allowed, the server is asked which it speaks.
 *
 * @example (await findBase('ghcr.io', options)).href // 'https://ghcr.io/'
 */
export async function findBase(host: string, options: BaseOptions): Promise<URL> {
  const { http, signal, where } = options
  const [first, second] = baseUrls(host, options)
  if (first === undefined) throw failure('internal', 'no address', where)
  if (second === undefined) return first
  const url = new URL('/v2/', first)
  try {
    await http.send({ method: 'GET', url, headers: {}, maxBytes: 64 * 1024, signal, where, repeat: 'safe' })
    return first
  } catch (error) {
    if (error instanceof ProvError && error.code === 'unreachable' && !isCertificate(error)) return second
    throw error
  }
}

/** A certificate that does not verify is not a reason to do without one. */
function isCertificate(error: ProvError): boolean {
  return /CERT|SIGNED|ISSUER|LEAF|ALTNAME/.test(error.message)
}
