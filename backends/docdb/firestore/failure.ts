/** What Firestore says went wrong, in prov's codes. Pure. */
import { type ErrorCode, ProvError } from '../../../src/errors.ts'
import { connectionFailure, networkCode, shortMessage } from '../../../src/platform/http/network-error.ts'
import { arrayIn } from '../../../src/platform/text/guards.ts'
import { unavailable } from '../../shared/grpc-failure.ts'

/** Numbers of https://grpc.github.io/grpc/core/md_doc_statuscodes.html. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  3: 'config_invalid', // INVALID_ARGUMENT
  4: 'timed_out', // DEADLINE_EXCEEDED
  5: 'config_invalid', // NOT_FOUND: no such project or database; a missing document is not an error
  7: 'denied', // PERMISSION_DENIED
  8: 'throttled', // RESOURCE_EXHAUSTED
  10: 'conflict', // ABORTED: too much contention
  14: 'unreachable', // UNAVAILABLE
  16: 'denied', // UNAUTHENTICATED
}

/** The gRPC status of an error; undefined for any other. */
export function statusOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'number') return undefined
  return thrown.code
}

/**
 * @example firestoreFailure(Object.assign(new Error('7 PERMISSION_DENIED: …'), { code: 7 })).code // 'denied'
 */
export function firestoreFailure(thrown: unknown): unknown {
  if (thrown instanceof ProvError || !(thrown instanceof Error)) return thrown
  const network = networkCode(thrown)
  if (network !== undefined) return new ProvError(network, connectionFailure('Firestore', thrown), { cause: thrown })
  const status = statusOf(thrown)
  if (status === undefined) {
    if (!/credential|metadata|token|key ?file/i.test(thrown.message)) return thrown
    return new ProvError('denied', "no credentials for Firestore: Google's default ones cannot be loaded", {
      hint: 'set GOOGLE_APPLICATION_CREDENTIALS',
      cause: thrown,
    })
  }
  const tooLarge = status === 3 && /longer than|exceeds|too large|too big|maximum/i.test(thrown.message)
  const code = tooLarge ? 'entry_too_large' : (CODES[status] ?? 'server_error')
  const said = `Firestore answered ${shortMessage(thrown.message)}`
  return new ProvError(code, code === 'unreachable' ? unavailable('Firestore', thrown.message) : said, {
    ...(code === 'throttled' ? { retryAfterMs: waitIn(thrown) } : {}),
    cause: thrown,
  })
}

/** google.rpc.RetryInfo among the details, milliseconds. */
function waitIn(thrown: Error): number | undefined {
  const details: unknown = 'statusDetails' in thrown ? thrown.statusDetails : undefined
  for (const detail of arrayIn(details)) {
    const delay = (detail as { readonly retryDelay?: { readonly seconds?: unknown; readonly nanos?: unknown } })
      .retryDelay
    if (delay !== undefined) return Number(delay.seconds ?? 0) * 1000 + Number(delay.nanos ?? 0) / 1e6
  }
  return undefined
}
