/** A service that speaks JSON over HTTP: one base URL, one way to fail. */
import { type ErrorCode, ProvError } from '../../errors.ts'
import { parseBounded } from '../text/bounded-json.ts'
import { isRecord } from '../text/guards.ts'
import { createHttp } from './client.ts'
import type { HttpContext } from './context.ts'
import type { HttpResponse, Where } from './exchange.ts'
import { retryAfterMs } from './retry-after.ts'
import { codeOfStatus } from './status-code.ts'

export interface JsonApiOptions {
  /** Name of the backend, for its errors. */
  readonly backend: string
  /** Without a slash at its end. */
  readonly base: string
  readonly requestMs: number
  /** Value of the Authorization header; absent: none is sent. */
  readonly authorization?: (signal: AbortSignal) => Promise<string | undefined>
}

export interface JsonCall {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** From the base URL on, with its query. */
  readonly path: string
  readonly body?: Uint8Array
  /** What is attempted and where, for errors. */
  readonly operation: string
  readonly location: string
  readonly signal: AbortSignal
  /** A POST that only asks: repeating it does no harm. */
  readonly asks?: true
  /** Statuses beside 2xx that the caller understands. */
  readonly expects?: readonly number[]
}

export interface JsonApi {
  /**
   * The answer of a call with a status of 2xx or one of `expects`. A write that the service may have acted on is not tried again here.
   * Throws `denied`, `throttled`, `unreachable`, `timed_out`, `server_error`, `response_invalid`, `response_too_large`, `entry_too_large`,
   * `target_unwritable` (404: what the configuration names is not there), `conflict` and `aborted`.
   */
  call(call: JsonCall): Promise<HttpResponse>
  close(): void
}

/** Largest answer that is read, in bytes. */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024

/** @example const api = jsonApi({ backend: 'a-service', base: 'http://127.0.0.1:8082', requestMs: 60_000 }, context) */
export function jsonApi(options: JsonApiOptions, context: HttpContext): JsonApi {
  const { backend, base, requestMs } = options
  const http = createHttp({
    connectMs: Math.min(10_000, requestMs),
    requestMs,
    attempts: 3,
    budget: 20,
    baseDelayMs: 200,
    maxDelayMs: 20_000,
    env: context.env,
    refusal: (answer, where) => refused(answer, where, context.now()),
    now: () => context.now(),
    random: (size) => context.random(size),
    debug: (line) => context.debug(line),
  })

  async function call(job: JsonCall): Promise<HttpResponse> {
    const { method, path, body, operation, location, signal, expects = [] } = job
    const where = { backend, operation, location }
    if (signal.aborted) throw new ProvError('aborted', 'stopped before anything was sent', where)
    const authorization = await options.authorization?.(signal)
    const headers = {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(authorization === undefined ? {} : { authorization }),
    }
    const answer = await http.send({
      method,
      url: new URL(`${base}${path}`),
      headers,
      body,
      maxBytes: MAX_ANSWER_BYTES,
      signal,
      where,
      repeat: method !== 'POST' || job.asks ? 'safe' : 'unsent',
    })
    if ((answer.status >= 200 && answer.status < 300) || expects.includes(answer.status)) return answer
    throw refused(answer, where, context.now())
  }

  return { call, close: () => http.close() }
}

/**
 * The JSON object that an answer is. Throws `response_invalid`.
 *
 * @example objectOf(answer, { backend, operation, location })['gitoid']
 */
export function objectOf(
  answer: HttpResponse,
  where: { readonly backend: string; readonly operation: string; readonly location: string },
): Readonly<Record<string, unknown>> {
  let json: unknown
  try {
    json = parseBounded(Buffer.from(answer.body).toString('utf8'))
  } catch {}
  if (isRecord(json)) return json
  throw new ProvError('response_invalid', 'the answer is not a JSON object', where)
}

function refused(answer: HttpResponse, where: Where, now: number): ProvError {
  const code = codeOfStatus(answer.status, { 404: 'target_unwritable' })
  const said = code === 'denied' ? '' : saidBy(answer)
  return new ProvError(code, `${answer.url.host} answered ${answer.status}${said === '' ? '' : `: ${said}`}`, {
    ...where,
    hint: HINTS[code],
    retryAfterMs: retryAfterMs(answer.headers['retry-after'], now),
  })
}

const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  denied: 'check the credentials and what they may do',
  target_unwritable: 'what the configuration names does not exist there',
}

/** Google's `error.status`, a word such as INVALID_ARGUMENT: its message may repeat parts of the request. */
function saidBy(answer: HttpResponse): string {
  try {
    const json: unknown = JSON.parse(Buffer.from(answer.body.subarray(0, 65_536)).toString('utf8'))
    const error = isRecord(json) ? json['error'] : undefined
    const status = isRecord(error) ? error['status'] : undefined
    return typeof status === 'string' && /^[A-Z_]{1,60}$/.test(status) ? status : ''
  } catch {
    return ''
  }
}
