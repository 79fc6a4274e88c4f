/** `fetch` over prov's own client, for libraries that let their transport be replaced. */
import type { HttpContext } from './context.ts'
import type { Where } from './exchange.ts'
import { singleTry } from './single.ts'

/** Tokens and keys are small. */
const MAX_BYTES = 4 * 1024 * 1024
const LIMIT_MS = 60_000

/**
 * As much of `fetch` as a library that logs in needs: whole bodies, no redirects. Every host is one that the user's own credentials
 * name, so metadata services are allowed. Rejects with a ProvError where there is no answer.
 *
 * @example new Gaxios({ fetchImplementation: fetchThrough(context, { backend: 'a-service', operation: 'log in' }) })
 */
export function fetchThrough(context: HttpContext, where: Omit<Where, 'location'>): typeof fetch {
  const http = singleTry(context, LIMIT_MS)
  const never = new AbortController().signal
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const body = await bytesOf(init.body)
    const answer = await http.once({
      method: init.method ?? 'GET',
      url,
      headers: Object.fromEntries(new Headers(init.headers)),
      body,
      maxBytes: MAX_BYTES,
      signal: init.signal ?? never,
      where: { ...where, location: url.host },
      unguarded: true,
    })
    const { status } = answer
    const headers = new Headers()
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const one of [value ?? []].flat()) headers.append(name, one)
    }
    const isEmpty = status === 204 || status === 205 || status === 304
    const response = new Response(isEmpty ? null : Buffer.from(answer.body), { status, headers })
    return Object.defineProperty(response, 'url', { value: url.href })
  }
}

/** Any body that a library may give: text, a form, bytes, a stream. */
async function bytesOf(body: RequestInit['body']): Promise<Uint8Array | undefined> {
  if (body === undefined || body === null) return undefined
  return new Uint8Array(await new Response(body).arrayBuffer())
}
