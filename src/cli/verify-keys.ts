/** Which public keys a command believes. */
import type { Io } from '../platform/io.ts'

/** Those of --key, else that of PROV_VERIFY_KEY; [] when neither is given. */
export function keysOf(given: readonly string[], io: Io): readonly string[] {
  if (given.length > 0) return given
  const key = io.env['PROV_VERIFY_KEY']
  return key === undefined || key === '' ? [] : [key]
}
