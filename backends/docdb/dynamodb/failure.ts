/** What DynamoDB and its SDK say went wrong, in prov's codes. Pure. */
import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb'
import { type ErrorCode, ProvError } from '../../../src/errors.ts'
import { connectionFailure, networkCode, shortMessage } from '../../../src/platform/http/network-error.ts'
import { retryAfterMs } from '../../../src/platform/http/retry-after.ts'

/** Names of https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html, and of the SDK's own errors. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  AccessDeniedException: 'denied',
  ExpiredTokenException: 'denied',
  IncompleteSignatureException: 'denied',
  InvalidClientTokenId: 'denied',
  InvalidSignatureException: 'denied',
  MissingAuthenticationTokenException: 'denied',
  UnrecognizedClientException: 'denied',
  CredentialsProviderError: 'denied',
  TokenProviderError: 'denied',
  ProvisionedThroughputExceededException: 'throttled',
  RequestLimitExceeded: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  TransactionConflictException: 'conflict',
  ReplicatedWriteConflictException: 'conflict',
  ResourceNotFoundException: 'config_invalid',
  ResourceInUseException: 'server_error',
  ItemCollectionSizeLimitExceededException: 'entry_too_large',
  TimeoutError: 'timed_out',
  RequestTimeout: 'timed_out',
  SyntaxError: 'response_invalid',
}

/**
 * @example dynamoFailure(Object.assign(new Error('…'), { name: 'ThrottlingException' }), Date.now()).code // 'throttled'
 */
export function dynamoFailure(thrown: unknown, now: number): unknown {
  if (thrown instanceof ProvError || !(thrown instanceof Error)) return thrown
  const network = networkCode(thrown)
  if (network !== undefined) return new ProvError(network, connectionFailure('DynamoDB', thrown), { cause: thrown })
  const code = CODES[thrown.name] ?? byStatus(thrown)
  if (code === undefined) return thrown
  const hints: Readonly<Partial<Record<ErrorCode, string>>> = {
    config_invalid: 'the table must exist, with the partition key Name (a string) and no sort key',
    denied: 'credentials are looked for as the AWS CLI does',
  }
  return new ProvError(code, `DynamoDB: ${thrown.name}: ${shortMessage(thrown.message)}`, {
    hint: hints[code],
    retryAfterMs: code === 'throttled' ? waitIn(thrown, now) : undefined,
    cause: thrown,
  })
}

function byStatus(thrown: Error): ErrorCode | undefined {
  if (/region is missing/i.test(thrown.message)) return 'config_invalid'
  if (!(thrown instanceof DynamoDBServiceException)) return undefined
  if (thrown.name === 'ValidationException') {
    return /item size|size has exceeded/i.test(thrown.message) ? 'entry_too_large' : 'config_invalid'
  }
  const status = thrown.$metadata.httpStatusCode ?? 0
  if (status === 401 || status === 403) return 'denied'
  if (status === 429) return 'throttled'
  return 'server_error'
}

/** What a proxy asks for in Retry-After. */
function waitIn(thrown: Error, now: number): number | undefined {
  if (!(thrown instanceof DynamoDBServiceException)) return undefined
  return retryAfterMs(thrown.$response?.headers['retry-after'], now)
}
