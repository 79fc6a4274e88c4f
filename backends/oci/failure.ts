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

/** Codes of what is wrong with one item in a slot. Everything else means that nobody could look, and is thrown. */
export const ITEM_DAMAGE: readonly ErrorCode[] = [
  'copy_malformed',
  'digest_mismatch',
  'response_too_large',
  'limit_exceeded',
  'symbolic_link',
  'not_regular_file',
]
