/** What SQLite's result codes mean (https://www.sqlite.org/rescode.html). */

export const CORRUPT = 11
export const FULL = 13
export const CANNOT_OPEN = 14
export const TOO_BIG = 18
export const NOT_A_DATABASE = 26

const BUSY: readonly (number | undefined)[] = [
  5, // BUSY
  6, // LOCKED
  15, // PROTOCOL: SQLite gave up after ten seconds of tries for one lock
]
const REFUSALS: readonly (number | undefined)[] = [3, 8, CANNOT_OPEN, 23] // PERM, READONLY, CANTOPEN, AUTH

/** The result code without its extension; undefined for what SQLite did not throw. */
export function resultCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown) || typeof thrown.errcode !== 'number') return undefined
  return thrown.errcode & 0xff
}

/** Another process holds the file just now. */
export function isBusy(thrown: unknown): boolean {
  return BUSY.includes(resultCode(thrown))
}

/** This user may not open or write it. */
export function isRefusal(thrown: unknown): boolean {
  return REFUSALS.includes(resultCode(thrown))
}
