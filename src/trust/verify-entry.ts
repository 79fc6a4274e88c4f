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

/**
 * Checks every signature of an entry against the believed keys, and that a certificate stored beside it is one of the key that
 * made it (`copy_malformed` if not). Says nothing about what the payload claims.
 *
 * @example
 * const { verified, failed } = checkEntry(entry, trust)
 * if (verified.length === 0) console.error(failed[0]?.code) // 'key_untrusted'
 */
export function checkEntry(entry: Entry, trust: Trust): EntryCheck {
  const before = checks.get(entry)
  if (before?.trust === trust) return before.check
  const bytes = signedBytes(entry)
  return noted(
    entry,
    trust,
    entry.signatures.map((signature) => verifySignature(trust, bytes, signature)),
  )
}

/**
 * Checks the entries among these items on other threads, as many at once as there are. Whoever asks {@link checkEntry} then has the answer.
 *
 * @example await checkAside(await backend.get(slot, { signal }), trust)
 */
export async function checkAside(found: readonly { readonly entry?: Entry }[], trust: Trust): Promise<void> {
  await Promise.all(
    // Items that are one entry are checked once.
    [...new Set(found.map(({ entry }) => entry))].map(async (entry) => {
      if (entry === undefined || checks.get(entry)?.trust === trust) return
      const bytes = signedBytes(entry)
      const verdicts = entry.signatures.map((signature) => verifySignatureAside(trust, bytes, signature))
      noted(entry, trust, await Promise.all(verdicts))
    }),
  )
}

/** An entry does not change once it was read, so the mathematics is done once for each reading. */
const checks = new WeakMap<Entry, { readonly trust: Trust; readonly check: EntryCheck }>()

function noted(entry: Entry, trust: Trust, verdicts: readonly SignatureVerdict[]): EntryCheck {
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
  const check = { verified, failed }
  checks.set(entry, { trust, check })
  return check
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
