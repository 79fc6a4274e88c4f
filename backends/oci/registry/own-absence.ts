/** Whether a 404 says that the very thing that was asked for is absent, or only that nobody could look. */
import { ProvError } from '../../../src/errors.ts'
import type { Http } from '../../../src/platform/http/client.ts'
import type { HttpResponse } from '../../../src/platform/http/exchange.ts'
import { isRecord } from '../../../src/platform/text/guards.ts'
import { failure, type Where } from '../failure.ts'

export interface Asked {
  /** What was asked for, before any redirect. */
  readonly asked: URL
  /** Where the registry's API is. */
  readonly base: URL
  readonly http: Http
  readonly signal: AbortSignal
  readonly where: Where
}

/**
 * The error that a 404 is where it is not the registry's own about what was asked for: one of a redirect's target (a CDN, a login page), one
 * of an upload URL on another host, or one of whatever stands where the registry should be (an ingress without a backend). The last is
 * known by the answer not being the registry's, and by asking whether the API is there at all. Undefined for any other answer.
 *
 * @example const doubt = await absenceOf(response, { asked, base, http, signal, where })
 */
export async function absenceOf(response: HttpResponse, question: Asked): Promise<ProvError | undefined> {
  const { asked, base, where } = question
  if (response.status !== 404) return undefined
  if (!cameFrom(response, question)) {
    const to = asked.host === response.url.host ? response.url.pathname : response.url.host
    return failure('server_error', `${asked.host} redirected to ${to}, which answered 404`, where)
  }
  if (asked.hostname !== base.hostname) {
    return failure('server_error', `the registry named a URL at ${asked.host}, which answered 404`, where)
  }
  if (isOfRegistry(response)) return undefined
  return (await isApiThere(question)) ? undefined : gone(base, where)
}

/**
 * True where nothing redirected elsewhere; to https of the same host and path is not elsewhere.
 *
 * @example cameFrom(response, { asked })
 */
export function cameFrom({ url }: HttpResponse, { asked }: Pick<Asked, 'asked'>): boolean {
  const isSecured = asked.protocol === 'http:' && url.protocol === 'https:' && url.hostname === asked.hostname
  return url.pathname === asked.pathname && (url.host === asked.host || isSecured)
}

function gone(base: URL, where: Where): ProvError {
  const message = `${base.host} answered 404, and no registry is there: /v2/ is not there either`
  return failure('unreachable', message, where, {
    hint: 'the registry may be down behind its proxy; check its address',
  })
}

/** Without a body (as to a HEAD), or with the JSON that the distribution specification asks for. */
function isOfRegistry({ body, headers }: HttpResponse): boolean {
  const type = headers['content-type'] ?? ''
  if (body.length === 0) return !/^text\//i.test(type)
  try {
    const json: unknown = JSON.parse(Buffer.from(body.subarray(0, 65_536)).toString())
    return isRecord(json) && 'errors' in json
  } catch {
    return false
  }
}

/** 200 and 401 say so by the specification; 403 is what some answer to the anonymous. */
async function isApiThere({ base, http, signal, where }: Asked): Promise<boolean> {
  const url = new URL('/v2/', base)
  const answer = await http.send({
    method: 'GET',
    url,
    headers: {},
    maxBytes: 64 * 1024,
    signal,
    where,
    repeat: 'safe',
  })
  return answer.url.hostname === base.hostname && [200, 401, 403].includes(answer.status)
}

/** What a look gives; undefined for what it says is `absent`. */
export async function orAbsent<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof ProvError && error.code === 'absent') return undefined
    throw error
  }
}
