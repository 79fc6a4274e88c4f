/** What the status of an answer means in prov's codes, where the service gives it no meaning of its own. Pure. */
import type { ErrorCode } from '../../errors.ts'

const CODES: Readonly<Partial<Record<number, ErrorCode>>> = {
  401: 'denied',
  403: 'denied',
  407: 'denied',
  408: 'timed_out',
  409: 'conflict',
  413: 'entry_too_large',
  429: 'throttled',
  501: 'not_supported',
}

/**
 * The code of an answer that is not a success; `own` holds what differs at this service.
 *
 * @example codeOfStatus(404, { 404: 'absent' }) // 'absent'
 */
export function codeOfStatus(status: number, own: Readonly<Partial<Record<number, ErrorCode>>> = {}): ErrorCode {
  return own[status] ?? CODES[status] ?? (status >= 500 ? 'server_error' : 'response_invalid')
}
