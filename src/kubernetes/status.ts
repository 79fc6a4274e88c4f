/** What an answer of the API server other than success means (apimachinery's metav1.Status). Pure. */
import { type ErrorCode, ProvError } from '../errors.ts'
import type { HttpResponse, Where } from '../platform/http/exchange.ts'
import { retryAfterMs } from '../platform/http/retry-after.ts'
import { codeOfStatus } from '../platform/http/status-code.ts'
import { arrayIn, isRecord, recordIn, textIn } from '../platform/text/guards.ts'

export type { Where }

export type KubeAnswer = Pick<HttpResponse, 'status' | 'headers' | 'body' | 'url'>

interface Said {
  readonly reason: string | undefined
  readonly message: string
  readonly causes: readonly Readonly<Record<string, unknown>>[]
  /** It is a Status of the API. */
  readonly isStatus: boolean
  /** It is the plain text that the API server answers for an unknown path. */
  readonly isUnserved: boolean
}

/**
 * The error that an answer means. A message of the server is quoted only where it names user, verb and resource: others may hold parts of
 * the object. `run_not_found`: the object does not exist; `not_supported`: the cluster does not serve this kind.
 *
 * @example throw refusal(answer, { operation: 'get', location: 'ci/taskrun/build-7x' }, Date.now())
 */
export function refusal(answer: KubeAnswer, where: Where, now: number): ProvError {
  const { status } = answer
  const said = saidBy(answer.body)
  const code = codeOf(status, said)
  const quoted = status === 403 ? plain(said.message) : plain(said.reason ?? '')
  const field = said.causes.map((cause) => cause['field']).find((name) => typeof name === 'string')
  const about = field === undefined ? '' : ` in ${plain(String(field))}`
  return new ProvError(
    code,
    MESSAGES[code] ?? `the cluster (${answer.url.host}) answered ${status}${quoted && `: ${quoted}`}${about}`,
    {
      ...where,
      hint: HINTS[code] ?? (status === 401 ? 'log in with kubectl, or choose another --context' : undefined),
      retryAfterMs: retryAfterMs(answer.headers['retry-after'], now),
    },
  )
}

const MESSAGES: Readonly<Partial<Record<ErrorCode, string>>> = {
  run_not_found: 'the cluster has no such run',
  not_supported: 'the cluster does not serve this kind of object',
  entry_too_large: "the object would be larger than the cluster's limit for it",
}

const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  run_not_found: 'check name, namespace (-n) and --context',
  not_supported: 'prov needs tekton.dev/v1 (Tekton Pipelines 0.43 or newer)',
}

function codeOf(status: number, { reason, message, causes, isStatus, isUnserved }: Said): ErrorCode {
  // Of a kind that it does not serve the API server says so in bare text; anything else stands before it.
  if (status === 404)
    return reason === 'NotFound' ? 'run_not_found' : isStatus || isUnserved ? 'not_supported' : 'response_invalid'
  if (status === 422) {
    if (causes.some((cause) => cause['reason'] === 'FieldValueTooLong')) return 'entry_too_large'
    // The guard: by now another object has the name.
    return causes.some((cause) => cause['field'] === 'metadata.uid') ? 'conflict' : 'response_invalid'
  }
  // etcd's own limit comes as a 500 without a reason.
  if (status === 500 && /request is too large/.test(message)) return 'entry_too_large'
  return codeOfStatus(status, { 405: 'not_supported', 410: 'conflict', 504: 'timed_out' })
}

function saidBy(body: Uint8Array): Said {
  const text = Buffer.from(body.subarray(0, 1024 * 1024)).toString('utf8')
  const isUnserved = text.trim() === '404 page not found'
  const nothing = { reason: undefined, message: '', causes: [], isStatus: false, isUnserved }
  try {
    const said = recordIn(JSON.parse(text))
    if (said['kind'] !== 'Status') return nothing
    return {
      reason: textIn(said['reason']),
      message: textIn(said['message']) ?? '',
      causes: arrayIn(recordIn(said['details'])['causes']).filter(isRecord),
      isStatus: true,
      isUnserved,
    }
  } catch {
    return nothing
  }
}

/** At most 300 printable characters, on one line. */
function plain(text: string): string {
  return text
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 300)
}
