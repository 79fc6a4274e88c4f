/** What the status of a registry's answer means. Pure. */
import type { ErrorCode, ProvError } from '../../../src/errors.ts'
import type { HttpResponse } from '../../../src/platform/http/exchange.ts'
import { retryAfterMs } from '../../../src/platform/http/retry-after.ts'
import { failure, quote, type Where } from '../failure.ts'

/**
 * The error that an answer other than success is. 404 becomes `absent`: only callers for whom absence is an answer may
 * catch it. 401 and 403 are `denied`, never `absent`: a registry says so too for what may not exist.
 *
 * @param redact takes known secrets out of what the server said
 *
 * @example throw refusal(response, { operation: 'get manifest', location }, Date.now())
 */
export function refusal(
  response: HttpResponse,
  where: Where,
  now: number,
  redact: (text: string) => string = (text) => text,
): ProvError {
  const { status } = response
  const said = quote(redact(saidBy(response)))
  const message = `${response.url.host} answered ${status}${said === '' ? '' : `: ${said}`}`
  const wait = retryAfterMs(response.headers['retry-after'], now)
  return failure(codeOf(status), message, where, { retryAfterMs: wait, hint: HINTS[status] })
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'log in with `docker login`, or name a docker config with DOCKER_CONFIG',
  403: 'the credentials lack the permission, or the repository does not exist',
  405: 'the registry is configured not to allow this',
}

function codeOf(status: number): ErrorCode {
  switch (status) {
    case 401:
    case 403:
    case 407:
      return 'denied'
    case 404:
      return 'absent'
    case 405:
    case 501:
      return 'not_supported'
    case 408:
      return 'timed_out'
    case 413:
      return 'entry_too_large'
    case 429:
      return 'throttled'
    default:
      return status >= 500 ? 'server_error' : 'response_invalid'
  }
}

/** The registry's own words: `errors[].code: message` of the distribution specification, nothing of other bodies. */
function saidBy(response: HttpResponse): string {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(response.body.subarray(0, 65536)).toString())
  } catch {
    return ''
  }
  const errors = typeof json === 'object' && json !== null && 'errors' in json ? json.errors : undefined
  if (!Array.isArray(errors)) return ''
  return errors
    .map((item: unknown) => (typeof item === 'object' && item !== null ? item : {}))
    .map((item: { code?: unknown; message?: unknown }) =>
      [item.code, item.message].filter((x) => typeof x === 'string').join(': '),
    )
    .join(', ')
}
