/** Which subjects a stored Statement names, for lists that narrow by one. Pure. */
import { parseBounded } from '../../src/platform/text/bounded-json.ts'
import { arrayIn, memberIn } from '../../src/platform/text/guards.ts'

/**
 * True for a Statement that names the sha256 `hex`; false for what is not a Statement.
 *
 * @example namesSubject(payload, '09e72cd4…')
 */
export function namesSubject(payload: Uint8Array, hex: string): boolean {
  try {
    const statement = parseBounded(Buffer.from(payload).toString('utf8'))
    return arrayIn(memberIn(statement, 'subject')).some((item) => memberIn(item, 'digest', 'sha256') === hex)
  } catch {
    return false
  }
}
