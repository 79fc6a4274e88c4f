/** What goes wrong at a service, in prov's codes. Pure. */
import { type ErrorCode, type ErrorDetails, ProvError } from '../../src/errors.ts'
import { isTlsFailure, networkHost, networkReason, quote } from '../../src/platform/http/network-error.ts'
import { retryAfterMs } from '../../src/platform/http/retry-after.ts'
import { certificateHint } from '../../src/platform/http/roots.ts'
import { codeOfStatus } from '../../src/platform/http/status-code.ts'

/** What was attempted, where, at which backend. */
export interface Where {
  readonly backend: string
  readonly operation: string
  readonly location: string
}

/** What a service answered that is no success. */
export interface Refusal {
  readonly status: number
  /** Which host answered, where that is known. */
  readonly host?: string | undefined
  /** The service's own code, e.g. `SlowDown`. */
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly retryAfter?: string | undefined
  /** What to do about it, where the backend knows better than this file. */
  readonly hint?: string | undefined
}

/**
 * The error that an answer is. Absence (404) and failed preconditions (412) must have been dealt with before.
 *
 * @example throw refused({ status: 503, code: 'SlowDown' }, where, Date.now())
 */
export function refused(answer: Refusal, where: Where, now: number): ProvError {
  const said = [answer.code, answer.message].flatMap((text) => (text ? [quote(text)] : [])).join(': ')
  const message = `${answer.host ?? 'the service'} answered ${answer.status}${said === '' ? '' : `: ${said}`}`
  const code = codeOf(answer)
  return new ProvError(code, message, {
    ...where,
    retryAfterMs: retryAfterMs(answer.retryAfter, now),
    hint: code === 'target_unwritable' ? 'the bucket does not exist' : (answer.hint ?? HINTS[answer.status]),
  })
}

const HINTS: Readonly<Record<number, string>> = {
  301: 'the bucket is in another region',
  403: 'the credentials lack the permission; without leave to list, a service says so of what is absent too',
}

function codeOf({ status, code = '', message = '' }: Refusal): ErrorCode {
  if (/slow ?down|thrott|rateLimit|TooManyRequests|BandwidthLimit/i.test(code)) return 'throttled'
  if (
    /^(?:ExpiredToken|InvalidToken|TokenRefreshRequired|InvalidAccessKeyId|XAdminUserNotFound|SignatureDoesNotMatch)$/.test(
      code,
    )
  )
    return 'denied'
  if (code === 'NoSuchBucket' || (status === 404 && /bucket does not exist/i.test(message))) return 'target_unwritable'
  return codeOfStatus(status)
}

/**
 * An error without an answer: the connection failed or broke off.
 *
 * @example throw unreachable(error, where) // code unreachable
 */
export function unreachable(cause: unknown, where: Where): ProvError {
  const hint = isTlsFailure(cause) ? certificateHint({}) : undefined
  const host = networkHost(cause) ?? 'the service'
  const message = `${host} could not be reached: ${networkReason(cause) ?? quote(innermost(cause))}`
  return new ProvError('unreachable', message, { ...where, hint, cause })
}

function innermost(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.cause instanceof Error ? innermost(thrown.cause) : thrown.message
}

/** @example throw fault('response_too_large', 'the object is over 32 MiB', where) */
export function fault(code: ErrorCode, message: string, where: Where, more: ErrorDetails = {}): ProvError {
  return new ProvError(code, message, { ...where, ...more })
}
