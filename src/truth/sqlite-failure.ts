/** What SQLite says went wrong with a truth, in prov's codes. */
import { ProvError } from '../errors.ts'
import { CORRUPT, FULL, isBusy, isRefusal, NOT_A_DATABASE, resultCode, TOO_BIG } from '../platform/sqlite-codes.ts'

/** @example throw sqliteFailure(thrown, 'truth.db') */
export function sqliteFailure(thrown: unknown, location: string): unknown {
  if (!(thrown instanceof Error) || thrown instanceof ProvError) return thrown
  const details = { location, cause: thrown }
  const code = resultCode(thrown)
  if (code === undefined) {
    const denied = 'code' in thrown && (thrown.code === 'EACCES' || thrown.code === 'EPERM')
    return denied ? new ProvError('denied', 'permission denied', details) : thrown
  }
  if (isBusy(thrown)) return new ProvError('timed_out', 'another process is writing to the truth', details)
  if (isRefusal(thrown)) {
    return new ProvError('denied', `the truth cannot be opened or written: ${thrown.message}`, details)
  }
  if (code === FULL) return new ProvError('storage_io', 'the truth could not be written: the disk is full', details)
  if (code === TOO_BIG) return new ProvError('entry_too_large', 'SQLite takes no row of this size', details)
  if (code === NOT_A_DATABASE) return new ProvError('schema_invalid', 'the file is not a SQLite database', details)
  if (code === CORRUPT) return new ProvError('storage_io', 'the file of the truth is damaged', details)
  return new ProvError('storage_io', `the truth could not be read or written: ${thrown.message}`, details)
}
