/** Verifies one entry: every signature, over the stored bytes. Pure but for the mathematics. */
import { X509Certificate } from 'node:crypto'
import type { Entry, Signature } from '../model/entry.ts'
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
  of(entry: Entry): EntryCheck
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
  return remembered(trust, new Map(), at)
}

/**
 * Checks the entries among these items on other threads, as many at once as there are; an entry that is not among them is checked when it
 * is asked for.
 *
 * @example judge(about, slot, found, await checkFound(found, trust))
 */
export async function checkFound(
  found: readonly { readonly entry?: Entry }[],
  trust: Trust,
  at?: number,
): Promise<Checks> {
  const made = new Map<Entry, EntryCheck>()
  await Promise.all(
    // Items that are one entry are checked once.
    [...new Set(found.map(({ entry }) => entry))].map(async (entry) => {
      if (entry === undefined) return
      const bytes = signedBytes(entry)
      const verdicts = entry.signatures.map((signature) => verifySignatureAside(trust, bytes, signature, at))
      made.set(entry, checkOf(entry, await Promise.all(verdicts)))
    }),
  )
  return remembered(trust, made, at)
}

function remembered(trust: Trust, made: Map<Entry, EntryCheck>, at: number | undefined): Checks {
  return {
    trust,
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
