/** One document at an https URL: bounded, redirects within https only, and told what caches may do with it. */
import { ProvError } from '../../errors.ts'
import { createHttp } from './client.ts'
import type { HttpContext } from './context.ts'
import type { HttpResponse, Where } from './exchange.ts'
import { retryAfterMs } from './retry-after.ts'
import { codeOfStatus } from './status-code.ts'

export interface DocumentOptions {
  /** Largest document that is read, in bytes. */
  readonly maxBytes: number
  /** Past caches, as far as they heed the request. */
  readonly fresh?: boolean
  readonly signal: AbortSignal
  /** Longest time of one request; default 30 s. */
  readonly requestMs?: number
}

const REQUEST_MS = 30_000

/**
 * The answer of status 200; undefined for 404 and 410. Throws `usage` for a URL that is not https or holds a password, `response_invalid` for
 * a redirect to http, and what a connection and other statuses are called.
 *
 * @example (await fetchDocument('https://keys.example.com/keys.json', context, { maxBytes: 65536, signal }))?.body
 */
export async function fetchDocument(
  url: string,
  context: HttpContext,
  { maxBytes, fresh = false, signal, requestMs = REQUEST_MS }: DocumentOptions,
): Promise<HttpResponse | undefined> {
  const at = httpsUrl(url)
  const where = { operation: 'read', location: url }
  const http = createHttp({
    env: context.env,
    connectMs: Math.min(10_000, requestMs),
    requestMs,
    attempts: 3,
    budget: 2,
    baseDelayMs: 200,
    maxDelayMs: 10_000,
    refusal: (answer, whence) => refused(answer, whence, context.now()),
    now: () => context.now(),
    random: (size) => context.random(size),
    debug: (line) => context.debug(line),
  })
  try {
    const answer = await http.send({
      method: 'GET',
      url: at,
      headers: { accept: 'application/json', ...(fresh ? { 'cache-control': 'no-cache', pragma: 'no-cache' } : {}) },
      maxBytes,
      signal,
      where,
      repeat: 'safe',
    })
    if (answer.status === 200) return answer
    if (answer.status === 404 || answer.status === 410) return undefined
    throw refused(answer, where, context.now())
  } finally {
    http.close()
  }
}

/**
 * The URL. Throws `usage` for what is not https, and for one with a user name or password, which others could read.
 *
 * @example httpsUrl('https://keys.example.com/keys.json').host
 */
export function httpsUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null || url.protocol !== 'https:') {
    throw new ProvError(
      'usage',
      `${url?.protocol === 'http:' ? 'plain http' : 'what is not an https URL'} is not read`,
      {
        location: text,
        hint: 'whoever stands between could put keys of his own into the answer: give a URL that begins with https://',
      },
    )
  }
  if (url.username === '' && url.password === '') return url
  throw new ProvError('usage', 'the URL holds a user name or a password, which others could read', {
    hint: 'keys are public: give a URL that needs none',
  })
}

/** A document is only read: what these statuses mean for a write means nothing here. */
const OWN = { 409: 'server_error', 413: 'response_invalid', 501: 'server_error' } as const

function refused({ status, url, headers }: HttpResponse, where: Where, now: number): ProvError {
  return new ProvError(codeOfStatus(status, OWN), `${url.host} answered ${status}`, {
    ...where,
    retryAfterMs: retryAfterMs(headers['retry-after'], now),
  })
}
