/** Verifies one entry: every signature, over the stored bytes. Pure but for the mathematics. */
import { X509Certificate } from 'node:crypto'
import { type Entry, type Signature, sameBytes } from '../model/entry.ts'
import { signedBytes } from '../model/envelope.ts'
import {
  type SignatureVerdict,
  type Trust,
  type TrustedKey,
  verifySignature,
  verifySignatureAside,
} from './trusted-keys.ts'

export interface VerifiedSignature {
  readonly signature: Signature
  readonly key: TrustedKey
}

export interface FailedSignature {
  readonly signature: Signature
  readonly code: 'signature_invalid' | 'key_untrusted' | 'copy_malformed'
  readonly message: string
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
 * Signatures that were verified under one trust, by their bytes in base64. Copies of one entry carry the same ones over the same bytes, and the
 * mathematics over the same bytes has one answer: it is done once. What differs in a single byte is verified by itself.
 */
export type Verdicts = Map<string, Verified>

interface Verified {
  readonly entry: Entry
  readonly signature: Signature
  readonly verdict: Promise<SignatureVerdict>
}

/**
 * Checks every signature of an entry against the trusted keys, and that a certificate stored beside it is one of the key that
 * made it (`copy_malformed` if not). Says nothing about what the payload claims.
 *
 * @param at see {@link verifySignature}
 * @example
 * const { verified, failed } = checkEntry(entry, trust)
 * if (verified.length === 0) console.error(failed[0]?.code) // 'key_untrusted'
 */
export function checkEntry(entry: Entry, trust: Trust, at?: number): EntryCheck {
  const bytes = signedBytes(entry)
  return checkOf(
    entry,
    entry.signatures.map((signature) => verifySignature(trust, bytes, signature, at)),
  )
}

/**
 * Checks that are made when they are asked for, each once.
 *
 * @example judge(about, slot, found, checksUnder(trust))
 */
export function checksUnder(trust: Trust, at?: number): Checks {
  return remembered(trust, new Map(), new Map(), at)
}

/**
 * Checks the entries among these items on other threads, as many at once as there are; an entry that is not among them is checked when it
 * is asked for.
 *
 * @param verdicts of the same trust and time, which are added to
 * @example judge(about, slot, found, await checkFound(found, trust))
 */
export async function checkFound(
  found: readonly { readonly entry?: Entry }[],
  trust: Trust,
  at?: number,
  verdicts: Verdicts = new Map(),
): Promise<Checks> {
  const made = new Map<Entry, EntryCheck>()
  await Promise.all(
    // Items that are one entry are checked once.
    [...new Set(found.map(({ entry }) => entry))].map(async (entry) => {
      if (entry === undefined) return
      const own = entry.signatures.map((signature) => {
        const key = Buffer.from(signature.sig).toString('base64')
        const known = verdicts.get(key)
        if (known !== undefined && isSame(known, entry, signature)) return known.verdict
        const verdict = verifySignatureAside(trust, signedBytes(entry), signature, at)
        if (known === undefined) verdicts.set(key, { entry, signature, verdict })
        return verdict
      })
      made.set(entry, checkOf(entry, await Promise.all(own)))
    }),
  )
  return remembered(trust, made, verdicts, at)
}

/** Whether all that the verdict rests on is the same, what a failure is called by included. */
function isSame(known: Verified, entry: Entry, signature: Signature): boolean {
  const { kind, payloadType, payload } = known.entry
  const { sig, keyid, keyHint, certificate } = known.signature
  return (
    kind === entry.kind &&
    payloadType === entry.payloadType &&
    sameBytes(payload, entry.payload) &&
    sameBytes(sig, signature.sig) &&
    keyid === signature.keyid &&
    keyHint === signature.keyHint &&
    certificate === signature.certificate
  )
}

function remembered(trust: Trust, made: Map<Entry, EntryCheck>, verdicts: Verdicts, at: number | undefined): Checks {
  return {
    trust,
    verdicts,
    of(entry) {
      const check = made.get(entry) ?? checkEntry(entry, trust, at)
      made.set(entry, check)
      return check
    },
  }
}

function checkOf(entry: Entry, verdicts: readonly SignatureVerdict[]): EntryCheck {
  const verified: VerifiedSignature[] = []
  const failed: FailedSignature[] = []
  for (const [i, signature] of entry.signatures.entries()) {
    const verdict = verdicts[i]
    if (verdict === undefined) continue
    const odd = verdict.ok ? oddCertificate(signature, verdict.key) : undefined
    if (odd !== undefined) failed.push({ signature, code: 'copy_malformed', message: odd })
    else if (verdict.ok) verified.push({ signature, key: verdict.key })
    else failed.push({ signature, code: verdict.code, message: verdict.message })
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
