/** What SQLite says went wrong with a truth, in prov's codes. */
import { ProvError } from '../errors.ts'

const BUSY = [5, 6] // SQLITE_BUSY, SQLITE_LOCKED; the result code without its extension (https://www.sqlite.org/rescode.html)
const REFUSALS = [3, 8, 14, 23] // PERM, READONLY, CANTOPEN, AUTH
const FULL = 13
const TOO_BIG = 18
const CORRUPT = 11
const NOT_A_DATABASE = 26

function codeOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown) || typeof thrown.errcode !== 'number') return undefined
  return thrown.errcode & 0xff
}

/** Another process holds the file just now. */
export function isBusy(thrown: unknown): boolean {
  return BUSY.includes(codeOf(thrown) ?? -1)
}

/** @example throw sqliteFailure(thrown, 'truth.db') */
export function sqliteFailure(thrown: unknown, location: string): unknown {
  if (!(thrown instanceof Error) || thrown instanceof ProvError) return thrown
  const details = { location, cause: thrown }
  const code = codeOf(thrown)
  if (code === undefined) {
    const denied = 'code' in thrown && (thrown.code === 'EACCES' || thrown.code === 'EPERM')
    return denied ? new ProvError('denied', 'permission denied', details) : thrown
  }
  if (BUSY.includes(code)) return new ProvError('timed_out', 'another process holds the truth', details)
  if (REFUSALS.includes(code)) {
    return new ProvError('denied', `the truth cannot be opened or written: ${thrown.message}`, details)
  }
  if (code === FULL) return new ProvError('storage_io', 'the truth could not be written: the disk is full', details)
  if (code === TOO_BIG) return new ProvError('entry_too_large', 'SQLite takes no row of this size', details)
  if (code === NOT_A_DATABASE) return new ProvError('schema_invalid', 'the file is not a SQLite database', details)
  if (code === CORRUPT) return new ProvError('storage_io', 'the file of the truth is damaged', details)
  return new ProvError('storage_io', `the truth could not be read or written: ${thrown.message}`, details)
}
