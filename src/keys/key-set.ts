/** JWK sets from others (RFC 7517): bounded, stripped to what a public key is, private members refused. Pure but for the mathematics. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { ProvError } from '../errors.ts'
import { isRecord, type JsonRecord, textIn } from '../platform/text/guards.ts'
import { parseJson } from '../platform/text/strict-json.ts'
import { type PublicJwk, publicJwk } from './jwk.ts'
import { spki } from './key-id.ts'
import { keyKind } from './key-kind.ts'

/** Members of RFC 7518 6.2.2, 6.3.2 and 6.4.1 that make a JWK a secret. */
export const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const

/** Of one region, or of another issuer: more than any of them serves. */
export const MAX_SET_KEYS = 2000
/** A key of RSA with 16,384 bits has 2,731 characters. */
const MAX_MEMBER_CHARS = 4096

/** One key of a set: its kid is the RFC 7638 thumbprint, whatever it was called. */
export interface SetKey {
  readonly jwk: PublicJwk
  readonly publicKey: KeyObject
  /** The kid that it had, where that was another one. */
  readonly renamedFrom?: string
}

export interface SetOptions {
  /** What the set is called in errors. */
  readonly name: string
  /**
   * `own`: each key must be usable and have its thumbprint as its kid. `foreign`: keys of other issuers, which have kids of their own; what
   * is for encryption or of a kind that prov does not verify with is left out, as RFC 7517 5 asks.
   */
  readonly rules: 'own' | 'foreign'
  /** Most keys that are read; absent: {@link MAX_SET_KEYS}. */
  readonly most?: number
}

/**
 * The JSON object in these bytes. Throws `keyset_refused` for more than `maxBytes`, for what is not one object of JSON, and for a member
 * named twice.
 *
 * @example setObject('keys.json', bytes, 1024 * 1024)['keys']
 */
export function setObject(name: string, bytes: Uint8Array, maxBytes: number): JsonRecord {
  if (bytes.length > maxBytes) throw refusedSet(name, `has ${bytes.length} bytes; at most ${maxBytes} are read`)
  let value: unknown
  try {
    value = parseJson(name, new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw refusedSet(name, 'is not valid JSON: cut off, a member named twice, or another form')
  }
  return isRecord(value) ? value : refuseSet(name, 'is not a JSON object')
}

/**
 * The keys of a `keys` member, each once. Throws `keyset_refused` for private members (the message names the member, never its value), what
 * is not a list of JWKs, more than `most` of them, and under the rule `own` for a kid that is not the thumbprint and for a key that
 * prov does not verify with.
 *
 * @example (await keysOfSet(set['keys'], { name: 'keys.json', rules: 'own' })).map(({ jwk }) => jwk.kid)
 */
export async function keysOfSet(
  value: unknown,
  { name, rules, most = MAX_SET_KEYS }: SetOptions,
): Promise<readonly SetKey[]> {
  if (!Array.isArray(value)) throw refusedSet(name, 'has no list of keys')
  if (value.length > most) throw refusedSet(name, `has ${value.length} keys; at most ${most} are read`)
  // Before anything is left out: a set with a secret in it is refused as a whole.
  for (const [at, one] of value.entries()) refusePrivate(`${name}: keys[${at}]`, one)
  const found = new Map<string, SetKey>()
  for (const [at, one] of value.entries()) {
    const key = await keyOf(`${name}: keys[${at}]`, one, rules)
    if (key !== undefined) found.set(key.jwk.kid, key)
  }
  return [...found.values()]
}

/**
 * One key. Throws as {@link keysOfSet} does; undefined for one that is left out.
 *
 * @example (await keyOf('revoked key', jwk, 'own'))?.publicKey
 */
export async function keyOf(name: string, value: unknown, rules: SetOptions['rules']): Promise<SetKey | undefined> {
  refusePrivate(name, value)
  if (!isRecord(value)) throw refusedSet(name, 'is not a JSON Web Key')
  if (rules === 'foreign' && value['use'] !== undefined && value['use'] !== 'sig') return undefined
  const publicKey = publicKeyOf(value)
  if (publicKey === undefined) {
    if (rules === 'foreign') return undefined
    throw refusedSet(name, 'is not a public key that prov can verify with')
  }
  const jwk = await publicJwk(spki(publicKey))
  const kid = textIn(value['kid'])
  if (kid === jwk.kid) return { jwk, publicKey }
  if (rules === 'own') throw refusedSet(name, 'has a kid that is not its RFC 7638 thumbprint')
  return { jwk, publicKey, ...(kid === undefined ? {} : { renamedFrom: kid }) }
}

function publicKeyOf(value: JsonRecord): KeyObject | undefined {
  const { kty, crv, x, y, n, e } = value
  const members = Object.entries({ kty, crv, x, y, n, e }).filter(([, member]) => member !== undefined)
  if (!members.every(([, member]) => typeof member === 'string' && member.length <= MAX_MEMBER_CHARS)) return undefined
  try {
    const key = createPublicKey({ key: Object.fromEntries(members), format: 'jwk' })
    keyKind(key)
    return key
  } catch {
    return undefined
  }
}

function refusePrivate(name: string, value: unknown): void {
  if (!isRecord(value)) return
  const secret = PRIVATE_MEMBERS.find((member) => Object.hasOwn(value, member))
  if (secret === undefined) return
  throw new ProvError('keyset_refused', `${name} holds a private key (its member ${secret}); a key set is public`, {
    location: name,
    hint: 'treat that key as stolen: revoke it, and publish public keys only',
  })
}

/** The error for a set that is not used. `why` ends a sentence that begins with its name. @example throw refusedSet('keys.json', 'is empty') */
export function refusedSet(name: string, why: string, hint?: string): ProvError {
  return new ProvError('keyset_refused', `${name} ${why}`, { location: name, hint })
}

function refuseSet(name: string, why: string): never {
  throw refusedSet(name, why)
}
