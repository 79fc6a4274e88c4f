/** What MongoDB and its driver say went wrong, in prov's codes. Pure. */
import {
  MongoError,
  MongoInvalidArgumentError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoOperationTimeoutError,
  MongoParseError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb'
import { type ErrorCode, type ErrorDetails, ProvError } from '../../../src/errors.ts'
import { networkCode, shortMessage } from '../network.ts'

/** Numbers of https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml; 8000 is Atlas', 16500 Cosmos DB's. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  11: 'denied', // UserNotFound
  13: 'denied', // Unauthorized
  18: 'denied', // AuthenticationFailed
  334: 'denied', // MechanismUnavailable
  391: 'denied', // ReauthenticationRequired
  8000: 'denied',
  462: 'throttled', // IngressRequestRateLimitExceeded
  16500: 'throttled',
  50: 'timed_out', // MaxTimeMSExpired
  89: 'timed_out', // NetworkTimeout
  262: 'timed_out', // ExceededTimeLimit
  112: 'conflict', // WriteConflict
  17280: 'entry_too_large', // KeyTooLong
  10334: 'entry_too_large', // BSONObjectTooLarge
  73: 'config_invalid', // InvalidNamespace
  6: 'unreachable', // HostUnreachable
  7: 'unreachable', // HostNotFound
}

/**
 * @example mongoFailure(new MongoServerError({ code: 13, message: 'not authorized' })).code // 'denied'
 */
export function mongoFailure(thrown: unknown): unknown {
  const details: ErrorDetails = { cause: thrown }
  const network = networkCode(thrown)
  if (network !== undefined) return new ProvError(network, 'the MongoDB server could not be reached', details)
  if (!(thrown instanceof MongoError)) return thrown
  if (thrown instanceof MongoServerError) return serverFailure(thrown)
  if (thrown instanceof MongoOperationTimeoutError || thrown instanceof MongoNetworkTimeoutError || stalled(thrown)) {
    return new ProvError('timed_out', 'the MongoDB server did not answer in time', details)
  }
  if (thrown instanceof MongoNetworkError || thrown instanceof MongoServerSelectionError) {
    return new ProvError('unreachable', `no MongoDB server could be reached: ${shortMessage(thrown.message)}`, details)
  }
  if (thrown instanceof MongoParseError || thrown instanceof MongoInvalidArgumentError) {
    return new ProvError('config_invalid', 'the MongoDB driver does not take the URL of the server or the collection')
  }
  if (/auth|credential/i.test(thrown.name)) {
    return new ProvError('denied', 'the MongoDB server refused the credentials', details)
  }
  return new ProvError('server_error', `the MongoDB driver failed: ${thrown.name}`, details)
}

function serverFailure(thrown: MongoServerError): ProvError {
  const number = typeof thrown.code === 'number' ? thrown.code : 0
  const code =
    CODES[number] ??
    (/object to insert too large|BSONObjectTooLarge/i.test(thrown.message) ? 'entry_too_large' : 'server_error')
  const wait = /RetryAfterMs=([0-9]{1,9})/.exec(thrown.message)?.[1]
  const retryAfter = wait === undefined ? {} : { retryAfterMs: Number(wait) }
  return new ProvError(
    code,
    `MongoDB answered ${thrown.codeName ?? 'an error'} (${number}): ${shortMessage(thrown.message)}`,
    {
      ...retryAfter,
      cause: thrown,
    },
  )
}

/** True when servers took the connection and then said nothing. */
function stalled(thrown: MongoError): boolean {
  if (!(thrown instanceof MongoServerSelectionError) || thrown.reason === undefined) return false
  const { reason } = thrown
  if (!('servers' in reason)) return false
  const errors = [...reason.servers.values()].map(({ error }) => error)
  return errors.length > 0 && errors.every((error) => error instanceof MongoNetworkTimeoutError)
}
