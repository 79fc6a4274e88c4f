/** What the status of a registry's answer means. Pure. */
import type { ProvError } from '../../../src/errors.ts'
import type { HttpResponse } from '../../../src/platform/http/exchange.ts'
import { retryAfterMs } from '../../../src/platform/http/retry-after.ts'
import { codeOfStatus } from '../../../src/platform/http/status-code.ts'
import { arrayIn, recordIn } from '../../../src/platform/text/guards.ts'
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
  return failure(codeOfStatus(status, CODES), message, where, { retryAfterMs: wait, hint: HINTS[status] })
}

/** Where the distribution specification gives a status a meaning of its own. */
const CODES = { 404: 'absent', 405: 'not_supported', 409: 'response_invalid' } as const

const HINTS: Readonly<Record<number, string>> = {
  401: 'log in with `docker login`, or name a docker config with DOCKER_CONFIG',
  403: 'the credentials lack the permission, or the repository does not exist',
  405: 'the registry is configured not to allow this',
}

/** The registry's own words: `errors[].code: message` of the distribution specification, nothing of other bodies. */
function saidBy(response: HttpResponse): string {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(response.body.subarray(0, 65536)).toString())
  } catch {
    return ''
  }
  return arrayIn(recordIn(json)['errors'])
    .map(recordIn)
    .map(({ code, message }) => [code, message].filter((x) => typeof x === 'string').join(': '))
    .join(', ')
}
