/** The file of a region: its keys, signed by its publisher. Read and verified here; made in keysets/region.ts. Pure but for the mathematics. */
import type { KeyObject } from 'node:crypto'
import { ProvError } from '../errors.ts'
import type { PublicJwk } from '../keys/jwk.ts'
import { keyOf, keysOfSet, MAX_SET_KEYS, refusedSet, setObject } from '../keys/key-set.ts'
import { type Entry, sha256Hex } from '../model/entry.ts'
import { decodeEnvelope, encodeEnvelope } from '../model/envelope.ts'
import { isRecord, type JsonRecord, textIn } from '../platform/text/guards.ts'
import type { RegionAge, Trust } from './trust.ts'
import { checkEntry } from './verify-entry.ts'

/** Payload type of the DSSE envelope. */
export const REGION_TYPE = 'application/vnd.prov.region-keys+json'
/** 2,000 keys with their windows; the envelope's base64 is a third more. */
export const MAX_REGION_BYTES = 2 * 1024 * 1024

/** When a key signs or signed, RFC 3339; what is absent is open. */
export interface KeyWindow {
  readonly from?: string
  readonly until?: string
  readonly status: WindowStatus
}

const WINDOW_STATUSES = { prepared: true, active: true, old: true, retired: true } as const
export type WindowStatus = keyof typeof WINDOW_STATUSES

/** A key that must not be trusted: what it made and is not proven to be from before `since`. */
export interface RevokedKey {
  readonly since: string
  readonly reason: string
  readonly jwk: PublicJwk
}

/** What the publisher signs. */
export interface RegionStatement {
  readonly region: string
  /** Counts up from 1 with every file. */
  readonly seq: number
  readonly issuedAt: string
  /** After it the file is an alarm; its keys stay. */
  readonly expiresAt: string
  /** Sorted by kid. */
  readonly keys: readonly PublicJwk[]
  /** By kid; a key without one is active, without limits. */
  readonly windows: Readonly<Record<string, KeyWindow>>
  /** By kid; these are not among the keys. */
  readonly revoked: Readonly<Record<string, RevokedKey>>
}

/** A file that verified. */
export interface RegionFile extends RegionStatement {
  /** The envelope as JSON, in its one spelling: what a merged set holds of it. */
  readonly envelope: JsonRecord
  /** sha256 of the payload, hex: tells two files with one seq apart. */
  readonly sha256: string
  /** Keys and revoked keys, by kid. */
  readonly publicKeys: ReadonlyMap<string, KeyObject>
}

/**
 * The file of a region, verified under its publisher's keys before anything in it is read. Throws `keyset_refused` with the reason: cut off,
 * forged, about another region, with a private key or a kid that is not its thumbprint.
 *
 * @param name what it is called in errors
 * @example (await readRegionFile(bytes, { name: 'keys/eu.json', region: 'eu', publisher })).seq
 */
export async function readRegionFile(
  bytes: Uint8Array,
  { name, region, publisher }: { readonly name: string; readonly region: string; readonly publisher: Trust },
): Promise<RegionFile> {
  const entry = envelopeOf(name, bytes)
  const { verified, failed } = checkEntry(entry, publisher)
  if (verified.length === 0) {
    const hint = 'somebody else wrote it, or the publisher signs with a key that the file of the regions does not name'
    throw refusedSet(name, `is not signed by the publisher of ${region}: ${failed[0]?.message ?? 'no signature'}`, hint)
  }
  return fileOf(entry, { name, region })
}

/**
 * The same where nobody knows the publisher: nothing of it is verified, and nothing may be trusted for it. Throws `keyset_refused`.
 *
 * @example (await readUnverifiedRegion(bytes, { name: 'keys/eu.json', region: 'eu' })).issuedAt
 */
export async function readUnverifiedRegion(
  bytes: Uint8Array,
  { name, region }: { readonly name: string; readonly region: string },
): Promise<RegionFile> {
  return fileOf(envelopeOf(name, bytes), { name, region })
}

async function fileOf(
  entry: Entry,
  { name, region }: { readonly name: string; readonly region: string },
): Promise<RegionFile> {
  const statement = setObject(name, entry.payload, MAX_REGION_BYTES)
  const named = textIn(statement['region'])
  if (named !== region) throw refusedSet(name, `is the file of ${JSON.stringify(named ?? '')}, not of ${region}`)
  const { envelope: _, ...bare } = entry
  const envelope: unknown = JSON.parse(Buffer.from(encodeEnvelope(bare)).toString('utf8'))
  return {
    ...(await statementOf(name, region, statement)),
    envelope: envelope as JsonRecord,
    sha256: sha256Hex(entry.payload),
  }
}

function envelopeOf(name: string, bytes: Uint8Array): Entry {
  if (bytes.length > 2 * MAX_REGION_BYTES) throw refusedSet(name, `has ${bytes.length} bytes, which is too large`)
  let entry: Entry
  try {
    entry = decodeEnvelope(bytes)
  } catch (error) {
    if (error instanceof ProvError) throw refusedSet(name, `cannot be read: ${error.message}`)
    throw error
  }
  if (entry.payloadType === REGION_TYPE) return entry
  throw refusedSet(name, `is an envelope of another type than ${REGION_TYPE}`)
}

type Statement = Omit<RegionFile, 'envelope' | 'sha256'>

async function statementOf(name: string, region: string, from: JsonRecord): Promise<Statement> {
  const seq = from['seq']
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) throw refusedSet(name, 'has no seq from 1')
  const [issuedAt, expiresAt] = [timeIn(name, from, 'issuedAt'), timeIn(name, from, 'expiresAt')]
  const keys = await keysOfSet(from['keys'], { name, rules: 'own' })
  const publicKeys = new Map(keys.map(({ jwk, publicKey }) => [jwk.kid, publicKey]))
  const windows = windowsIn(name, from, 'windows')
  if (!Object.keys(windows).every((kid) => publicKeys.has(kid)))
    throw refusedSet(name, 'has a window of a key that is not among its keys')
  const { revoked, publicKeys: others } = await revokedIn(name, from)
  for (const [kid, key] of others) {
    if (publicKeys.has(kid)) throw refusedSet(name, 'holds a revoked key among its keys')
    publicKeys.set(kid, key)
  }
  const jwks = keys.map(({ jwk }) => jwk).toSorted(byKid)
  return { region, seq, issuedAt, expiresAt, keys: jwks, windows, revoked, publicKeys }
}

/** @example regionAge(file).activeSince // '2026-01-01T00:00:00Z' */
export function regionAge({
  region,
  issuedAt,
  windows,
}: Pick<RegionStatement, 'region' | 'issuedAt' | 'windows'>): RegionAge {
  const since = Object.values(windows).flatMap(({ status, from }) => (status === 'active' ? (from ?? []) : []))
  const youngest = since.toSorted((a, b) => Date.parse(b) - Date.parse(a))[0]
  return { region, issuedAt, ...(youngest === undefined ? {} : { activeSince: youngest }) }
}

/** @example jwks.toSorted(byKid) */
export function byKid(a: PublicJwk, b: PublicJwk): number {
  return a.kid < b.kid ? -1 : a.kid > b.kid ? 1 : 0
}

/**
 * The windows in a member, by kid; {} when it is absent. Throws `keyset_refused`, for more than `most` too.
 *
 * @example windowsIn('keys.json', prov, 'keys')
 */
export function windowsIn(
  name: string,
  from: JsonRecord,
  member: string,
  most = MAX_SET_KEYS,
): Readonly<Record<string, KeyWindow>> {
  return Object.fromEntries(membersIn(name, from, member, most).map(([kid, value]) => [kid, windowOf(name, value)]))
}

/**
 * The member `revoked`, and its keys, by kid; empty when it is absent. Throws `keyset_refused`, for more than `most` too.
 *
 * @example (await revokedIn('keys.json', prov)).revoked
 */
export async function revokedIn(
  name: string,
  from: JsonRecord,
  most = MAX_SET_KEYS,
): Promise<{ readonly revoked: Readonly<Record<string, RevokedKey>>; readonly publicKeys: Map<string, KeyObject> }> {
  const all = await Promise.all(
    membersIn(name, from, 'revoked', most).map(async ([kid, value]) => ({
      kid,
      ...(await revokedOf(name, kid, value)),
    })),
  )
  return {
    revoked: Object.fromEntries(all.map(({ kid, revoked }) => [kid, revoked])),
    publicKeys: new Map(all.map(({ kid, publicKey }) => [kid, publicKey])),
  }
}

function windowOf(name: string, value: unknown): KeyWindow {
  const status = isRecord(value) ? textIn(value['status']) : undefined
  if (!isRecord(value) || status === undefined || !Object.hasOwn(WINDOW_STATUSES, status))
    throw refusedSet(name, 'has a window without one of the states of a key')
  const [from, until] = (['from', 'until'] as const).map((member) =>
    value[member] === undefined ? undefined : timeIn(name, value, member),
  )
  return {
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    status: status as WindowStatus,
  }
}

const MAX_REASON_CHARS = 500

async function revokedOf(
  name: string,
  kid: string,
  value: unknown,
): Promise<{ readonly revoked: RevokedKey; readonly publicKey: KeyObject }> {
  const where = `${name}: revoked key`
  const key = await keyOf(where, isRecord(value) ? value['jwk'] : undefined, 'own')
  if (!isRecord(value) || key?.jwk.kid !== kid) throw refusedSet(where, 'is not the key of its kid')
  const reason = (textIn(value['reason']) ?? '').slice(0, MAX_REASON_CHARS)
  return { revoked: { since: timeIn(name, value, 'since'), reason, jwk: key.jwk }, publicKey: key.publicKey }
}

function membersIn(
  name: string,
  from: JsonRecord,
  member: string,
  most: number,
): readonly (readonly [string, unknown])[] {
  const value = from[member] ?? {}
  if (!isRecord(value)) throw refusedSet(name, `has ${member} that are not an object`)
  const all = Object.entries(value)
  if (all.length > most) throw refusedSet(name, `has ${all.length} ${member}; at most ${most} are read`)
  return all
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/

function timeIn(name: string, from: JsonRecord, member: string): string {
  const text = textIn(from[member]) ?? ''
  if (!TIME.test(text) || Number.isNaN(Date.parse(text)))
    throw refusedSet(name, `has a ${member} that is not a time such as 2026-01-31T00:00:00Z`)
  return text
}
