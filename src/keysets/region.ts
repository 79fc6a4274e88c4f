/** Makes the file of a region: what its publisher says of its keys, as a DSSE envelope. Read and verified in trust/region-file.ts. */
import type { Entry } from '../model/entry.ts'
import { encodeEnvelope, signedBytes } from '../model/envelope.ts'
import { timeText } from '../platform/text/time-text.ts'
import type { Signer } from '../signing/signer.ts'
import { byKid, type KeyWindow, REGION_TYPE, type RegionStatement, type RevokedKey } from '../trust/region-file.ts'
import type { KeyToPublish } from './publication.ts'

export interface RegionHead {
  readonly region: string
  readonly seq: number
  /** Milliseconds since the epoch. */
  readonly now: number
  /** How long the file is fresh, in milliseconds. */
  readonly lifeMs: number
}

/**
 * The statement over these keys; the same for the same keys in any order. Revoked keys are named apart, with the reason.
 *
 * @example regionStatement(keys, { region: 'eu', seq: 7, now: Date.now(), lifeMs: 86_400_000 }).keys.length
 */
export function regionStatement(
  keys: readonly KeyToPublish[],
  { region, seq, now, lifeMs }: RegionHead,
): RegionStatement {
  const sorted = keys.toSorted((a, b) => byKid(a.jwk, b.jwk))
  const live = sorted.filter(({ status }) => status !== 'revoked')
  return {
    region,
    seq,
    issuedAt: timeText(now),
    expiresAt: timeText(now + lifeMs),
    keys: live.map(({ jwk }) => jwk),
    windows: Object.fromEntries(live.map((key) => [key.jwk.kid, windowOf(key)])),
    revoked: Object.fromEntries(
      sorted.flatMap((key) => (key.status === 'revoked' ? [[key.jwk.kid, revokedOf(key)] as const] : [])),
    ),
  }
}

function windowOf({ from, until, status }: KeyToPublish): KeyWindow {
  return {
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    status: status === 'revoked' ? 'retired' : status,
  }
}

/** A key that is revoked without a time never counted. */
function revokedOf({ jwk, revoked, from }: KeyToPublish): RevokedKey {
  const { since = from ?? timeText(0), reason = '' } = revoked ?? {}
  return { since, reason, jwk }
}

/**
 * Whether two statements say the same of the same keys, whatever their numbers and times.
 *
 * @example saysTheSame(statement, file) // true: nothing to publish
 */
export function saysTheSame(one: RegionStatement, other: RegionStatement): boolean {
  const said = ({ region, keys, windows, revoked }: RegionStatement): string =>
    JSON.stringify([region, keys.toSorted(byKid).map(partsOf), sortedPairs(windows), sortedPairs(revoked)])
  return said(one) === said(other)
}

function partsOf({ kty, kid, crv, x, y, n, e }: RegionStatement['keys'][number]): readonly unknown[] {
  return [kty, kid, crv, x, y, n, e]
}

function sortedPairs(of: RegionStatement['windows'] | RegionStatement['revoked']): readonly unknown[] {
  return Object.keys(of)
    .toSorted()
    .map((kid) => [
      kid,
      Object.entries(of[kid] ?? {}).flatMap(([name, value]) => (name === 'jwk' ? [] : [[name, value]])),
    ])
}

/**
 * The bytes of the file: the statement in an envelope, signed. What the signer throws is thrown.
 *
 * @example await signRegion(statement, await loadSigner({ key: 'eu.key', password }))
 */
export async function signRegion(statement: RegionStatement, signer: Signer): Promise<Uint8Array> {
  const unsigned = {
    kind: 'dsse' as const,
    payloadType: REGION_TYPE,
    payload: Buffer.from(JSON.stringify(statement)),
    signatures: [],
  }
  const { sig, keyid } = await signer.sign(signedBytes(unsigned))
  const entry: Entry = { ...unsigned, signatures: [{ sig, keyid }] }
  return Buffer.concat([encodeEnvelope(entry), Buffer.from('\n')])
}
