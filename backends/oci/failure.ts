/** Errors of this backend: each names the operation and the place, none holds a secret. */
import { type ErrorCode, type ErrorDetails, ProvError } from '../../src/errors.ts'

export { quote } from '../../src/platform/http/network-error.ts'

/** What was attempted and where, for messages: `get manifest`, `registry/repository:tag`. */
export interface Where {
  readonly operation: string
  readonly location: string
}

/** @example failure('denied', 'the registry asked for credentials', where) */
export function failure(code: ErrorCode, message: string, where: Where, more: ErrorDetails = {}): ProvError {
  return new ProvError(code, message, { backend: 'oci', ...where, ...more })
}
