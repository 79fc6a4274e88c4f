/** Who may ask what: a certificate, a token, or being on this machine. Pure. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Caller, Refusal } from '../service/route.ts'

/** Whom the service knows. */
export interface Known {
  /** Clients can show a certificate: `serve.client-ca`. */
  readonly hasClientCa: boolean
  /** The content of `serve.token-file`; absent: no token is taken. */
  readonly token?: string
}

/**
 * - `probe`: everybody.
 * - `provider`: whoever shows a certificate where one can be shown, else everybody.
 * - `auditor`: the same, or a token where there is one.
 * - `data`: a certificate, the token, or where neither is known, from this machine. Provenance names people and places.
 * - `page`: a certificate, or from this machine. A browser sends no header of ours.
 */
export type Access = 'probe' | 'provider' | 'auditor' | 'data' | 'page'

/** Why the caller may not; undefined: it may. @example refusalOf('page', caller, known)?.status // 403 */
export function refusalOf(access: Access, caller: Caller, known: Known): Refusal | undefined {
  if (access === 'probe' || caller.hasCertificate) return undefined
  const takesToken = known.token !== undefined && (access === 'auditor' || access === 'data')
  if (takesToken && hasToken(caller, known)) return undefined
  if ((access === 'page' || (access === 'data' && !takesToken && !known.hasClientCa)) && caller.isLocal)
    return undefined
  if ((access === 'provider' || access === 'auditor') && !known.hasClientCa && !takesToken) return undefined
  if (takesToken) {
    return {
      status: 401,
      code: 'denied',
      message: 'the token of serve.token-file is wanted in the header Authorization, or a client certificate',
      headers: { 'www-authenticate': 'Bearer' },
    }
  }
  return { status: 403, code: 'denied', message: 'a client certificate of the authority of serve.client-ca is wanted' }
}

/** Compared in a time that says nothing of how much of it is right. */
function hasToken({ authorization = '' }: Caller, { token = '' }: Known): boolean {
  const [, given] = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(authorization) ?? []
  if (given === undefined || token === '') return false
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(token))
}
