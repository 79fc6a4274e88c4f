/** What SQLite says went wrong, in prov's codes. */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { ProvError } from '../../../src/errors.ts'
import { fileError, fileErrorCode } from '../../../src/platform/fs/files.ts'
import { CANNOT_OPEN, FULL, isRefusal, resultCode, TOO_BIG } from '../../../src/platform/sqlite-codes.ts'

/** A look that writes nothing cannot join the writer's log just now (READONLY_RECOVERY, READONLY_CANTLOCK, READONLY_CANTINIT). */
export function isUnshared(thrown: unknown): boolean {
  return thrown instanceof Error && 'errcode' in thrown && [264, 520, 1288].includes(Number(thrown.errcode))
}

/** @example sqliteFailure(thrown, 'prov.db') */
export function sqliteFailure(thrown: unknown, path: string): unknown {
  if (!(thrown instanceof Error)) return thrown
  const details = { cause: thrown }
  const code = resultCode(thrown)
  if (code === undefined) {
    const refused = fileErrorCode(thrown)
    if (refused === 'EACCES' || refused === 'EPERM')
      return new ProvError('denied', 'permission denied: this user may not read the file', details)
    return thrown instanceof ProvError || refused === undefined || !('syscall' in thrown)
      ? thrown
      : fileError(thrown, { operation: 'look at', location: path })
  }
  if (code === CANNOT_OPEN && !existsSync(dirname(path))) {
    return new ProvError('storage_io', 'the folder of the file does not exist', details)
  }
  if (isRefusal(thrown))
    return new ProvError('denied', `the file cannot be opened or written: ${thrown.message}`, details)
  if (code === TOO_BIG) return new ProvError('entry_too_large', 'SQLite takes no row of this size', details)
  const what = code === FULL ? 'the disk is full' : thrown.message
  return new ProvError('storage_io', `the file could not be read or written: ${what}`, details)
}
