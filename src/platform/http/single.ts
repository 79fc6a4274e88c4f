/** A client for callers that decide for themselves what to try again, such as the libraries of cloud services. */
import { ProvError } from '../../errors.ts'
import { createHttp, type Http } from './client.ts'
import type { HttpContext } from './context.ts'

/**
 * One try a request, and any status is an answer.
 *
 * @param requestMs from the first byte sent to the last byte read
 *
 * @example const http = singleTry(context, 60_000); (await http.once(request)).status
 */
export function singleTry(context: HttpContext, requestMs: number): Pick<Http, 'once' | 'close'> {
  return createHttp({
    env: context.env,
    connectMs: Math.min(10_000, requestMs),
    requestMs,
    attempts: 1,
    budget: 0,
    baseDelayMs: 0,
    maxDelayMs: 0,
    refusal: ({ status, url }, where) => new ProvError('server_error', `${url.host} answered ${status}`, where),
    now: () => context.now(),
    random: (size) => context.random(size),
    debug: (line) => context.debug(line),
  })
}
