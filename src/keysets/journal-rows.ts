/** From a row of a journal to a key, or to what is wrong with it: one bad row keeps nobody from reading its neighbours. */

import { algorithmOf, publicJwk } from '../keys/jwk.ts'
import { isKeyStatus } from '../keys/status.ts'
import { numberOf, textOf } from '../truth/rows.ts'
import type { Row } from '../truth/sql.ts'
import type { DamagedRow, JournalKey } from './journal.ts'

export const COLUMNS = 'n, kid, spki, alg, status, created, published, activates, ended, retires, revoked, reason'

/** RFC 7638 with SHA-256, base64url. */
const THUMBPRINT = /^[\w-]{43}$/

/** @example (await keyOfRow(row)).n // 3 */
export async function keyOfRow(row: Row): Promise<JournalKey | DamagedRow> {
  const [n, status] = [numberOf(row, 'n'), String(row['status'])]
  const [kid, revoked] = [textOf(row, 'kid') ?? '', revokedIn(row)]
  const bad = (why: string): DamagedRow => ({
    n,
    status,
    why,
    ...(THUMBPRINT.test(kid) ? { kid } : {}),
    ...(revoked === undefined ? {} : { revoked }),
  })
  if (!isKeyStatus(status)) return bad('its status is none that prov knows')
  const key = await publicHalf(row)
  if (typeof key === 'string') return bad(key)
  if (key === undefined && status !== 'intended') return bad('it names no public key')
  const time = (name: 'published' | 'activates' | 'ended' | 'retires'): object =>
    row[name] === null || row[name] === undefined ? {} : { [name]: numberOf(row, name) }
  return {
    n,
    status,
    created: numberOf(row, 'created'),
    ...(key === undefined ? {} : { key }),
    ...time('published'),
    ...time('activates'),
    ...time('ended'),
    ...time('retires'),
    ...(revoked === undefined ? {} : { revoked }),
  }
}

function revokedIn(row: Row): JournalKey['revoked'] {
  const since = row['revoked']
  return since === null || since === undefined
    ? undefined
    : { since: Number(since), reason: textOf(row, 'reason') ?? '' }
}

/** undefined where there is none yet; a text says what is wrong with it. */
async function publicHalf(row: Row): Promise<JournalKey['key'] | string> {
  const [kid, spki] = [textOf(row, 'kid'), row['spki']]
  if (kid === undefined && (spki === null || spki === undefined)) return undefined
  if (!(spki instanceof Uint8Array) || kid === undefined) return 'half of its public key is missing'
  try {
    const jwk = await publicJwk(spki)
    return jwk.kid === kid
      ? { kid, spki, alg: textOf(row, 'alg') ?? algorithmOf(jwk) }
      : 'its kid is not that of its key'
  } catch {
    return 'its key bytes are not a public key'
  }
}
