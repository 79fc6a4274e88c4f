/** The keys that are trusted, and whether one of them made a signature. */

import { createHash, type KeyObject, X509Certificate } from 'node:crypto'
import { ProvError } from '../errors.ts'
import { isKeyName, keyHint, keyId, spki } from '../keys/key-id.ts'
import type { Environment } from '../keys/pem.ts'
import type { Signature } from '../model/entry.ts'
import { cutTo } from '../platform/text/shorten.ts'
import { timeText } from '../platform/text/time-text.ts'
import { type Algorithm, madeBy, madeByAside } from './made-by.ts'
import { readKeys } from './read-keys.ts'
import type { GivenKey, Revocation, SignatureVerdict, Trust, TrustedKey, TrustSummary } from './trust.ts'
import { isWithin, type Validity } from './validity.ts'

/**
 * Reads the public keys to believe: paths or `env://NAME`, PEM; a file may hold several. Throws `key_unreadable` (also for a
 * private key or a certificate, with what to do instead), `key_unsupported`, and `usage` when none is named.
 *
 * @example const trust = await loadTrust(['cosign.pub'])
 */
export async function loadTrust(keys: readonly string[], env: Environment = process.env): Promise<Trust> {
  if (keys.length === 0) {
    throw new ProvError('usage', 'no public key was given to verify with', { hint: 'use --key cosign.pub' })
  }
  return trustIn(await readKeys(keys, env))
}

/**
 * Trust in one key alone: that of a signer (anything with a `publicKey`), or a public key.
 *
 * @example checkEntry(entry, trustOf(signer)).verified.length
 */
export function trustOf(
  of: { readonly publicKey: KeyObject } | KeyObject,
  source = 'the signing key',
  validity?: Validity,
): Trust {
  const publicKey = 'publicKey' in of ? of.publicKey : of
  return trustIn([{ publicKey, source, ...(validity === undefined ? {} : { validity }) }])
}

/**
 * Whether a trusted key made this signature over these bytes (see `signedBytes` of src/model/envelope.ts). Every key is tried:
 * the key id is unsigned, so it only decides how a failure is called. A certificate is not a ground for trust here (see verify-entry.ts); it
 * counts when its key is one of those trusted.
 *
 * @param times when the signature was made, as far as that is proven, in milliseconds since the epoch; a key with a validity counts only if
 *   all of them lie in it, and not at all without one
 *
 * @example
 * const verdict = verifySignature(trust, signedBytes(entry), signature)
 * if (!verdict.ok) console.error(verdict.code, verdict.message)
 */
export function verifySignature(
  trust: Trust,
  bytes: Uint8Array,
  signature: Signature,
  times: readonly number[] = [],
): SignatureVerdict {
  return amongMakers(trust, signature, makersOf(trust, bytes, signature), times)
}

/** The trusted keys that made the signature: more than one only where a key is trusted in several windows. */
export function makersOf({ keys }: Trust, bytes: Uint8Array, { sig }: Signature): readonly TrustedKey[] {
  return keys.filter(({ publicKey, algorithm }) => madeBy(publicKey, bytes, sig, allowed(algorithm)))
}

/** The same on another thread, where the mathematics holds up nobody; ends with the first key that has no validity. */
export async function makersAside(
  { keys }: Trust,
  bytes: Uint8Array,
  { sig }: Signature,
): Promise<readonly TrustedKey[]> {
  const makers: TrustedKey[] = []
  for (const key of keys) {
    if (!(await madeByAside(key.publicKey, bytes, sig, allowed(key.algorithm)))) continue
    makers.push(key)
    if (key.validity === undefined) break
  }
  return makers
}

function allowed(algorithm: Algorithm | undefined): readonly Algorithm[] | undefined {
  return algorithm === undefined ? undefined : [algorithm]
}

/** Which of the keys that made a signature counts, when it was made at these times. */
export function amongMakers(
  trust: Trust,
  signature: Signature,
  makers: readonly TrustedKey[],
  times: readonly number[],
): SignatureVerdict {
  const revoked = revokedAt(makers, times)
  if (revoked !== undefined) return revoked
  const key = makers.find(({ validity }) => isWithin(validity, times))
  if (key !== undefined) {
    const until = key.validity?.until
    return { ok: true, key, ...(until === undefined ? {} : { until }) }
  }
  const [late] = makers
  if (late === undefined) return unproven(trust, signature)
  if (times.length > 0) {
    const message = `key ${late.keyid} made it at a time at which it was not valid`
    return { ok: false, code: 'key_expired', message, signer: late.keyid }
  }
  const message = `key ${late.keyid} made it, but it is not proven that the key was valid then`
  return { ok: false, code: 'timestamp_missing', message, signer: late.keyid }
}

/** The fault of a revoked key; undefined when none made it, or when it is proven to be from before. */
function revokedAt(makers: readonly TrustedKey[], times: readonly number[]): SignatureVerdict | undefined {
  const key = makers.find(({ revoked }) => revoked !== undefined)
  if (key?.revoked === undefined) return undefined
  const { since, reason } = key.revoked
  if (times.length > 0 && times.every((time) => time < since)) return undefined
  const why = reason === '' ? '' : `: ${cutTo(reason, 200)}`
  const proof = times.length > 0 ? '' : ', and it is not proven that this is from before'
  const message = `key ${key.keyid} made it, which its owner has revoked from ${timeText(since)} on${proof}${why}`
  return { ok: false, code: 'key_revoked', message, signer: key.keyid }
}

/** How a signature that no key given has made is called. */
function unproven(trust: Trust, signature: Signature): SignatureVerdict {
  const { certificate } = signature
  const keyid = signature.keyid || signature.keyHint
  if (certificate !== undefined && certificate !== '' && !trust.keys.some((key) => certifies(certificate, key))) {
    return untrusted(
      'it was made with a certificate, whose key is not among those given (--certificate-identity trusts who stands in it)',
    )
  }
  const names = trust.keys.flatMap((key) => [
    key.keyid,
    key.hint,
    createHash('sha256').update(spki(key.publicKey)).digest('hex'),
  ])
  if (keyid !== undefined && keyid !== '' && !names.includes(keyid)) {
    const named = untrusted(`it names key ${printable(keyid)}, which is not among those given`)
    return isKeyName(keyid) ? { ...named, signer: keyid } : named
  }
  return { ok: false, code: 'signature_invalid', message: 'no trusted key verifies it over the stored bytes' }
}

function certifies(pem: string, key: TrustedKey): boolean {
  try {
    return new X509Certificate(pem).publicKey.equals(key.publicKey)
  } catch {
    return false
  }
}

/**
 * Trust in these keys, each once. `more` says what else is trusted, and from where keys came.
 *
 * @example trustIn([{ publicKey, source: 'cosign.pub' }]).hash
 */
export function trustIn(
  found: readonly GivenKey[],
  more: Pick<Trust, 'proofs' | 'threshold' | 'keySets' | 'regions'> = {},
): Trust {
  const named = found.map((given) => ({ ...given, keyid: keyId(given.publicKey), hint: keyHint(given.publicKey) }))
  const revoked = strictest(named)
  const keys = new Map<string, TrustedKey>()
  for (const given of named) {
    const revocation = revoked.get(given.hint)
    const key = revocation === undefined ? given : { ...given, revoked: revocation }
    const name = nameIn(key)
    if (!keys.has(name)) keys.set(name, key)
  }
  const { keySets = [], ...rest } = more
  const lines = linesOf(more)
  const hash = createHash('sha256')
  for (const name of [...keys.keys()].toSorted()) hash.update(`${name}\n`)
  for (const line of lines.toSorted()) hash.update(`${line}\n`)
  const sets = keySets.length === 0 ? {} : { keySets }
  return { keys: [...keys.values()], ...rest, ...sets, hash: `sha256:${hash.digest('hex')}` }
}

/** Revoked by one source is revoked, whoever else names the key, and from the earliest time that any of them says. */
function strictest(named: readonly Pick<TrustedKey, 'hint' | 'revoked'>[]): ReadonlyMap<string, Revocation> {
  const all = new Map<string, Revocation>()
  for (const { hint, revoked } of named) {
    const before = all.get(hint)
    if (revoked !== undefined && (before === undefined || revoked.since < before.since)) all.set(hint, revoked)
  }
  return all
}

/** What a key is in the hash of a trust. */
function nameIn({ hint, validity, algorithm, revoked }: TrustedKey): string {
  const open = validity?.unproven === true ? ' unproven' : ''
  const window = validity === undefined ? '' : ` ${validity.from ?? ''}..${validity.until ?? ''}${open}`
  const end = revoked === undefined ? '' : ` revoked ${revoked.since}`
  return `${hint}${window}${algorithm === undefined ? '' : ` ${algorithm}`}${end}`
}

function untrusted(message: string): Extract<SignatureVerdict, { ok: false }> {
  return { ok: false, code: 'key_untrusted', message }
}

/** A key id comes from a store and may hold anything, control characters for the terminal included. */
function printable(text: string): string {
  const clean = text.replace(/[^\x21-\x7e]/g, '?')
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean
}

/**
 * Trust in every key of several trusts, each once. Of those that trust certificates the last one's word counts, for all keys.
 *
 * @example joinTrust([trustOf(signer), await loadTrust(['chains.pub'])])
 */
export function joinTrust(trusts: readonly Trust[]): Trust {
  const judging = trusts.findLast(({ proofs, threshold }) => proofs !== undefined || threshold !== undefined)
  const keySets = trusts.flatMap((one) => one.keySets ?? [])
  return trustIn(
    trusts.flatMap(({ keys }) => keys),
    { ...partsOf(judging ?? {}), ...(keySets.length === 0 ? {} : { keySets }) },
  )
}

function partsOf({ proofs, threshold }: Pick<Trust, 'proofs' | 'threshold'>): Pick<Trust, 'proofs' | 'threshold'> {
  return { ...(proofs === undefined ? {} : { proofs }), ...(threshold === undefined ? {} : { threshold }) }
}

/** @example summaryOf(trust).keyids // ['SHA256:…'] */
export function summaryOf({ hash, keys, proofs, threshold, keySets }: Trust): TrustSummary {
  const identities = (proofs?.identities ?? []).map(({ identity, issuer }) => ({ identity, issuer }))
  return {
    hash,
    keyids: keys.flatMap(({ keyid, revoked }) => (revoked === undefined ? [keyid] : [])),
    ...(identities.length === 0 ? {} : { identities }),
    ...(proofs === undefined ? {} : { root: { source: proofs.root.source, hash: proofs.root.hash } }),
    ...(threshold === undefined ? {} : { threshold }),
    ...(keySets === undefined ? {} : { keySets }),
  }
}

/** The same trust with one signer enough. @example withoutThreshold(trust).threshold // undefined */
export function withoutThreshold({ keys, proofs, keySets }: Trust): Trust {
  return trustIn(keys, {
    ...partsOf(proofs === undefined ? {} : { proofs }),
    ...(keySets === undefined ? {} : { keySets }),
  })
}

/** What of a trust beside its keys belongs into its hash. */
function linesOf({
  proofs,
  threshold,
  keySets = [],
}: Pick<Trust, 'proofs' | 'threshold' | 'keySets'>): readonly string[] {
  const signers = threshold === undefined ? [] : [`threshold ${threshold}`]
  // Keys that publishers vouch for are the same keys wherever they were read.
  const words = keySets.flatMap(({ source, word }) =>
    word === 'server' ? [`on the word of the server ${source}`] : [],
  )
  return [...(proofs?.lines ?? []), ...signers, ...words]
}
