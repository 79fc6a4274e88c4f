/** The public set of several regions, and its archive: the same files give the same bytes. Pure. */
import type { ProvError } from '../errors.ts'
import type { PublicJwk } from '../keys/jwk.ts'
import { refusedSet } from '../keys/key-set.ts'
import { ARCHIVE_NAME, MAX_PUBLIC_BYTES, MAX_PUBLIC_KEYS, type ProvMember } from '../trust/public-set.ts'
import { byKid, type KeyWindow, type RegionFile, type RevokedKey, type WindowStatus } from '../trust/region-file.ts'

export interface MergedSets {
  /** The bytes of the public set. */
  readonly set: Uint8Array
  /** The bytes of the archive; absent: every key has room in the set. */
  readonly archive?: Uint8Array
  readonly counts: { readonly keys: number; readonly archived: number; readonly revoked: number }
  /** Every kid that is in one of them, revoked ones too. */
  readonly kids: ReadonlySet<string>
  /** Those of them that are revoked. */
  readonly revoked: ReadonlySet<string>
}

/**
 * Merges the files of regions, one a region. A key of several regions is there once, in the widest of its windows; a key that one region has
 * revoked is revoked. Over `maxKeys` the oldest retired keys go to the archive.
 *
 * Throws `keyset_refused` where no key is left and none is revoked, where more than `maxKeys` of them are not retired, and for a set that is
 * larger than what prov reads.
 *
 * @example mergeRegions([eu, us], 100).set
 */
export function mergeRegions(files: readonly RegionFile[], maxKeys: number): MergedSets {
  const regions = files.toSorted((a, b) => (a.region < b.region ? -1 : 1))
  const revoked = revokedIn(regions)
  const windows = new Map<string, KeyWindow>()
  const jwks = new Map<string, PublicJwk>()
  for (const { keys, windows: own } of regions) {
    for (const jwk of keys) {
      if (revoked.has(jwk.kid)) continue
      const window = own[jwk.kid] ?? { status: 'active' }
      const before = windows.get(jwk.kid)
      windows.set(jwk.kid, before === undefined ? window : widest(before, window))
      jwks.set(jwk.kid, jwk)
    }
  }
  if (jwks.size === 0 && revoked.size === 0) throw emptied()
  refuseLarge('keys', jwks.size, MAX_PUBLIC_KEYS)
  refuseLarge('revoked keys', revoked.size, MAX_PUBLIC_KEYS)
  const archived = archivedOf(jwks, windows, maxKeys)
  const kids = [...jwks.keys()].toSorted()
  const here = (isArchive: boolean): readonly PublicJwk[] =>
    [...jwks.values()].filter(({ kid }) => archived.has(kid) === isArchive).toSorted(byKid)
  const prov: ProvMember = {
    v: 1,
    regions: Object.fromEntries(regions.map(({ region, envelope }) => [region, envelope])),
    keys: windowsOf(kids, windows),
    revoked: Object.fromEntries([...revoked].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    ...(archived.size === 0 ? {} : { archived: archived.size }),
  }
  const archive = {
    keys: here(true),
    prov: { v: 1, regions: {}, keys: windowsOf([...archived].toSorted(), windows), revoked: {} } satisfies ProvMember,
  }
  const [set, archiveBytes] = [bytesOf({ keys: here(false), prov }), bytesOf(archive)]
  refuseLarge('bytes', Math.max(set.length, archiveBytes.length), MAX_PUBLIC_BYTES)
  return {
    set,
    ...(archived.size === 0 ? {} : { archive: archiveBytes }),
    counts: { keys: kids.length - archived.size, archived: archived.size, revoked: revoked.size },
    kids: new Set([...kids, ...revoked.keys()]),
    revoked: new Set(revoked.keys()),
  }
}

/** @example throw emptied() */
export function emptied(): ProvError {
  return refusedSet('the merged set', 'would hold no key')
}

/** What nobody reads is not written. */
function refuseLarge(what: string, size: number, most: number): void {
  if (size <= most) return
  const hint = 'look for regions whose files are far larger than those of the others'
  throw refusedSet('the merged set', `would hold ${size} ${what}; at most ${most} are read`, hint)
}

function bytesOf(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}

/** The strictest word of all regions: the earliest time. */
function revokedIn(regions: readonly RegionFile[]): ReadonlyMap<string, RevokedKey> {
  const all = new Map<string, RevokedKey>()
  for (const { revoked } of regions) {
    for (const [kid, one] of Object.entries(revoked)) {
      const before = all.get(kid)
      if (before === undefined || Date.parse(one.since) < Date.parse(before.since)) all.set(kid, one)
    }
  }
  return all
}

/** A key of two regions signs as long as it does in one of them. */
const RANK: Readonly<Record<WindowStatus, number>> = { active: 0, prepared: 1, old: 2, retired: 3 }

function widest(a: KeyWindow, b: KeyWindow): KeyWindow {
  const from = a.from === undefined || b.from === undefined ? undefined : earlier(a.from, b.from)
  const until = a.until === undefined || b.until === undefined ? undefined : later(a.until, b.until)
  return {
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    status: RANK[a.status] <= RANK[b.status] ? a.status : b.status,
  }
}

function earlier(a: string, b: string): string {
  return Date.parse(a) <= Date.parse(b) ? a : b
}

function later(a: string, b: string): string {
  return Date.parse(a) >= Date.parse(b) ? a : b
}

/** The kids that have no room: those that retired first. */
function archivedOf(
  jwks: ReadonlyMap<string, PublicJwk>,
  windows: ReadonlyMap<string, KeyWindow>,
  maxKeys: number,
): ReadonlySet<string> {
  const over = jwks.size - maxKeys
  if (over <= 0) return new Set()
  const endOf = (kid: string): number => Date.parse(windows.get(kid)?.until ?? '') || 0
  const retired = [...jwks.keys()]
    .filter((kid) => windows.get(kid)?.status === 'retired')
    .toSorted((a, b) => endOf(a) - endOf(b) || (a < b ? -1 : 1))
  if (retired.length >= over) return new Set(retired.slice(0, over))
  const hint = `only retired keys go to ${ARCHIVE_NAME}; raise keys.max-keys, or let regions retire keys`
  throw refusedSet(
    'the merged set',
    `would hold ${jwks.size - retired.length} keys that are not retired; at most ${maxKeys} are allowed`,
    hint,
  )
}

function windowsOf(
  kids: readonly string[],
  windows: ReadonlyMap<string, KeyWindow>,
): Readonly<Record<string, KeyWindow>> {
  return Object.fromEntries(
    kids.flatMap((kid) => {
      const window = windows.get(kid)
      return window === undefined ? [] : [[kid, window] as const]
    }),
  )
}
