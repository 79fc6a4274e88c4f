/** Errors of this backend: each names the operation and the place, none holds a secret. */
import { type ErrorCode, type ErrorDetails, ProvError } from '../../src/errors.ts'

/** What was attempted and where, for messages: `get manifest`, `registry/repository:tag`. */
export interface Where {
  readonly operation: string
  readonly location: string
}

/** @example failure('denied', 'the registry asked for credentials', where) */
export function failure(code: ErrorCode, message: string, where: Where, more: ErrorDetails = {}): ProvError {
  return new ProvError(code, message, { backend: 'oci', ...where, ...more })
}

/** At most 200 printable characters of what a server said, on one line. */
export function quote(text: string): string {
  return text
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200)
}
