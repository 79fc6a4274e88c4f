/** Verifies one entry: every signature, over the stored bytes. Pure but for the mathematics. */

import { X509Certificate } from 'node:crypto'
import { type Entry, entryId, type Signature, sameBytes } from '../model/entry.ts'
import { signedBytes } from '../model/envelope.ts'
import { contentOf } from './content.ts'
import { type Lent, lentTo, type VerifiedSignature, verdictOf } from './judge-signature.ts'
import type { SignatureFault, Trust, TrustedKey } from './trust.ts'
import { makersAside, makersOf } from './trusted-keys.ts'

export type { VerifiedSignature } from './judge-signature.ts'

export interface FailedSignature {
  readonly signature: Signature
  readonly code: SignatureFault | 'copy_malformed' | 'threshold_missed'
  readonly message: string
  /** Who made it, see `SignatureVerdict` of trust.ts. */
  readonly signer?: string
}

export interface EntryCheck {
  /** The entry verifies when there is at least one. */
  readonly verified: readonly VerifiedSignature[]
  readonly failed: readonly FailedSignature[]
}

/** The checks of entries that were read together: each is made once, and whoever is handed them makes none again. */
export interface Checks {
  readonly trust: Trust
  /** What was verified for them, for copies that are read later. */
  readonly verdicts: Verdicts
  of(entry: Entry): EntryCheck
}

/**
 * Which keys of one trust made which signature, by its bytes in base64. Copies of one entry carry the same ones over the same bytes, and the
 * mathematics over the same bytes has one answer: it is done once. What differs in a single byte is verified by itself.
 */
export type Verdicts = Map<string, Verified>

interface Verified {
  readonly entry: Entry
  readonly signature: Signature
  readonly makers: Promise<readonly TrustedKey[]>
}

/**
 * Checks every signature of an entry against what is trusted, and that a certificate stored beside it is one of the key that
 * made it (`copy_malformed` if not). Says nothing about what the payload claims.
 *
 * @example
 * const { verified, failed } = checkEntry(entry, trust)
 * if (verified.length === 0) console.error(failed[0]?.code) // 'key_untrusted'
 */
export function checkEntry(entry: Entry, trust: Trust): EntryCheck {
  const check = checkAlone(entry, trust)
  return withThreshold(check, signersOf([check]), trust)
}

function checkAlone(entry: Entry, trust: Trust): EntryCheck {
  const bytes = signedBytes(entry)
  return checkOf(
    entry,
    entry.signatures.map((signature) => makersOf(trust, bytes, signature)),
    trust,
  )
}

/**
 * Checks that are made when they are asked for, each once.
 *
 * @example judge(about, slot, found, checksUnder(trust))
 */
export function checksUnder(trust: Trust): Checks {
  return remembered(trust, new Map(), new Map())
}

export interface FoundOptions {
  /** Of the same trust; what is verified is added to them. */
  readonly verdicts?: Verdicts
  /** Proofs that other backends hold, for signatures whose own place lacks one. */
  readonly lent?: Lent
}

/**
 * Checks the entries among these items on other threads, as many at once as there are; an entry that is not among them is checked when it
 * is asked for. Where several signers are wanted, those of all items with one id count together: a bundle holds one signature.
 *
 * @example judge(about, slot, found, await checkFound(found, trust))
 */
export async function checkFound(
  found: readonly { readonly entry?: Entry }[],
  trust: Trust,
  { verdicts = new Map(), lent }: FoundOptions = {},
): Promise<Checks> {
  const made = new Map<Entry, EntryCheck>()
  await Promise.all(
    // Items that are one entry are checked once.
    [...new Set(found.map(({ entry }) => entry))].map(async (entry) => {
      if (entry === undefined) return
      const own = entry.signatures.map((signature) => {
        const key = Buffer.from(signature.sig).toString('base64')
        const known = verdicts.get(key)
        if (known !== undefined && isSame(known, entry, signature)) return known.makers
        const makers = makersAside(trust, signedBytes(entry), signature)
        if (known === undefined) verdicts.set(key, { entry, signature, makers })
        return makers
      })
      made.set(entry, checkOf(entry, await Promise.all(own), trust, lent))
    }),
  )
  return remembered(trust, together(made, trust), verdicts)
}

/** Whether all that the mathematics rests on is the same. */
function isSame(known: Verified, entry: Entry, { sig }: Signature): boolean {
  const { kind, payloadType, payload } = known.entry
  return (
    kind === entry.kind &&
    payloadType === entry.payloadType &&
    sameBytes(payload, entry.payload) &&
    sameBytes(known.signature.sig, sig)
  )
}

function remembered(trust: Trust, made: Map<Entry, EntryCheck>, verdicts: Verdicts): Checks {
  return {
    trust,
    verdicts,
    of(entry) {
      const check = made.get(entry) ?? checkEntry(entry, trust)
      made.set(entry, check)
      return check
    },
  }
}

/** With the threshold over all entries of one id and type. */
function together(made: Map<Entry, EntryCheck>, trust: Trust): Map<Entry, EntryCheck> {
  if (trust.threshold === undefined) return made
  // The id says nothing of the type, and a signature covers it.
  const byId = Map.groupBy(made, ([entry]) => `${entryId(entry)} ${entry.payloadType}`)
  return new Map(
    [...byId.values()].flatMap((same) => {
      const signers = signersOf(same.map(([, check]) => check))
      return same.map(([entry, check]) => [entry, withThreshold(check, signers, trust)] as const)
    }),
  )
}

/** A key counts once, with a certificate or without, and so does an identity, however many certificates it holds. */
function signersOf(checks: readonly EntryCheck[]): number {
  let signers: readonly ReadonlySet<string>[] = []
  for (const { key } of checks.flatMap(({ verified }) => verified)) {
    const { hint, identity } = key
    const names = identity === undefined ? [hint] : [hint, JSON.stringify([identity.identity, identity.issuer])]
    const same = signers.filter((one) => names.some((name) => one.has(name)))
    signers = [...signers.filter((one) => !same.includes(one)), new Set([...names, ...same.flatMap((one) => [...one])])]
  }
  return signers.length
}

function withThreshold(check: EntryCheck, signers: number, { threshold = 1 }: Trust): EntryCheck {
  if (signers >= threshold || check.verified.length === 0) return check
  const message = `${signers} of the ${threshold} trusted signers that are asked for have signed it`
  const missed = check.verified.map(({ signature }) => ({ signature, code: 'threshold_missed' as const, message }))
  return { verified: [], failed: [...missed, ...check.failed] }
}

function checkOf(entry: Entry, makers: readonly (readonly TrustedKey[])[], trust: Trust, lent?: Lent): EntryCheck {
  const verified: VerifiedSignature[] = []
  const failed: FailedSignature[] = []
  const content = contentOf(entry)
  for (const [i, signature] of entry.signatures.entries()) {
    const verdict = verdictOf({ content, signature, makers: makers[i] ?? [], lent: lentTo(lent, signature) }, trust)
    const odd = verdict.ok ? oddCertificate(signature, verdict.key) : undefined
    if (odd !== undefined) failed.push({ signature, code: 'copy_malformed', message: odd })
    else if (verdict.ok) {
      const { ok, ...rest } = verdict
      verified.push({ signature, ...rest })
    } else {
      const { ok, ...rest } = verdict
      failed.push({ signature, ...rest })
    }
  }
  return { verified, failed }
}

/** What is wrong with the certificate and chain beside a signature that verifies; undefined when nothing is. */
function oddCertificate({ certificate, chain }: Signature, { publicKey }: TrustedKey): string | undefined {
  try {
    if (chain && !certificate) return 'a certificate chain without a certificate stands beside the signature'
    if (chain) new X509Certificate(chain)
    if (!certificate || new X509Certificate(certificate).publicKey.equals(publicKey)) return undefined
    return 'the certificate beside the signature is not one of the key that made it'
  } catch {
    return 'what stands beside the signature as its certificate is none'
  }
}
