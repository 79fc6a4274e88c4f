/** A public key set as it is served: a JWK set, and beside it what prov's merge says of its keys. Read here, made in keysets/merged.ts. */
import type { KeyObject } from 'node:crypto'
import { keysOfSet, refusedSet, type SetKey, setObject } from '../keys/key-set.ts'
import { isRecord, type JsonRecord, memberIn, recordIn } from '../platform/text/guards.ts'
import { type KeyWindow, type RevokedKey, revokedIn, windowsIn } from './region-file.ts'

/** A hundred regions; what a hostile server sends ends here. */
export const MAX_PUBLIC_BYTES = 16 * 1024 * 1024
/** The files of five regions that hold as much as they may: no region alone makes a set that nobody reads. Of another issuer's set fewer are read. */
export const MAX_PUBLIC_KEYS = 10_000
/** The names of the two files, which stand beside each other. */
export const PUBLIC_NAME = 'keys.json'
export const ARCHIVE_NAME = 'keys-archive.json'

/** The member `prov` of a merged set; `v` is 1. */
export interface ProvMember {
  readonly v: 1
  /** The signed file of each region: a DSSE envelope, by the region's name. */
  readonly regions: Readonly<Record<string, JsonRecord>>
  /** By kid, of the keys here and in the archive. */
  readonly keys: Readonly<Record<string, KeyWindow>>
  /** By kid; not among the keys. */
  readonly revoked: Readonly<Record<string, RevokedKey>>
  /** How many keys are in the archive; absent: there is none. */
  readonly archived?: number
}

export interface PublicSet {
  readonly keys: readonly SetKey[]
  readonly windows: Readonly<Record<string, KeyWindow>>
  readonly revoked: Readonly<Record<string, RevokedKey>>
  readonly revokedKeys: ReadonlyMap<string, KeyObject>
  /** Envelopes that nobody has verified yet; empty for a set of another issuer. */
  readonly regions: ReadonlyMap<string, JsonRecord>
  readonly archived: number
}

/**
 * Reads a set. A set with a member `prov` is held to prov's own rules; any other is that of another issuer. A single JWK counts as a set of
 * one. Throws `keyset_refused`.
 *
 * @example (await readPublicSet('keys.json', bytes)).keys.length
 */
export async function readPublicSet(name: string, bytes: Uint8Array): Promise<PublicSet> {
  const object = setObject(name, bytes, MAX_PUBLIC_BYTES)
  const prov = object['prov']
  const isOwn = isRecord(prov) && prov['v'] === 1
  const listed = object['kty'] === undefined ? object['keys'] : [object]
  const keys = await keysOfSet(
    listed,
    isOwn ? { name, rules: 'own', most: MAX_PUBLIC_KEYS } : { name, rules: 'foreign' },
  )
  if (!isOwn) return { keys, windows: {}, revoked: {}, revokedKeys: new Map(), regions: new Map(), archived: 0 }
  const { revoked, publicKeys: revokedKeys } = await revokedIn(name, prov, MAX_PUBLIC_KEYS)
  if (keys.some(({ jwk }) => revokedKeys.has(jwk.kid))) throw refusedSet(name, 'holds a revoked key among its keys')
  const regions = Object.entries(recordIn(prov['regions'])).filter((one): one is [string, JsonRecord] =>
    isRecord(one[1]),
  )
  const archived = memberIn(prov, 'archived')
  return {
    keys,
    windows: windowsIn(name, prov, 'keys', MAX_PUBLIC_KEYS),
    revoked,
    revokedKeys,
    regions: new Map(regions),
    archived: typeof archived === 'number' && archived > 0 ? archived : 0,
  }
}
