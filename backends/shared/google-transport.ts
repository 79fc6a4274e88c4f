/** How Google's libraries log in: over prov's HTTP client, so that proxies and certificates are those of every other request. */
import { Agent } from 'node:http'
import { ProvError } from '../../src/errors.ts'
import type { HttpContext } from '../../src/platform/http/context.ts'
import { fetchThrough } from '../../src/platform/http/fetch.ts'

/**
 * `clientOptions` of a GoogleAuth.
 *
 * @example new GoogleAuth({ clientOptions: googleTransport(context, 'gcs') })
 */
export function googleTransport(context: HttpContext, backend: string) {
  // An agent keeps the library from choosing a proxy by rules of its own; the requests never get to it.
  const transporterOptions = {
    fetchImplementation: fetchThrough(context, { backend, operation: 'log in' }),
    agent: new Agent(),
  }
  return { transporterOptions }
}

/**
 * What {@link googleTransport} said went wrong, which the library wraps: a network that fails is not a want of credentials.
 *
 * @example throw lossIn(thrown) ?? new ProvError('denied', 'no credentials')
 */
export function lossIn(thrown: unknown): ProvError | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    if (error instanceof ProvError) return error
  }
  return undefined
}
