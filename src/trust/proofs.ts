/** Judges what stands beside a signature: log entries, timestamps, a certificate. Loaded only when a trusted root is needed. */

import { X509Certificate } from 'node:crypto'
import { keyHint, keyId } from '../keys/key-id.ts'
import { keyKind } from '../keys/key-kind.ts'
import type { Signature } from '../model/entry.ts'
import { MAX_PROOFS } from '../model/proofs.ts'
import type { SignedContent } from './content.ts'
import { type IdentityRule, ruleFor } from './identity.ts'
import { endOfLogs, type ProvenEntry, proveEntry, readLogEntries, wasTrusted } from './log-proofs.ts'
import { ALGORITHMS, type Algorithm } from './made-by.ts'
import type { OwnAuthority, RootMaterial } from './root-material.ts'
import { type LibraryChecks, libraryChecks, type Stamp } from './sigstore.ts'
import type { ProofDemands, ProofFault, ProofJudge, Proven, SignatureFault, SignatureVerdict } from './trust.ts'
import { firstEnd } from './validity.ts'

export interface ProofGrounds {
  readonly root: RootMaterial
  /** Certificate authorities beside those of the root. */
  readonly authorities: readonly OwnAuthority[]
  readonly identities: readonly IdentityRule[]
  readonly keyDemands: ProofDemands
  readonly demands: ProofDemands
  /** Milliseconds since the epoch: ends that are past are not told of. */
  readonly now: number
}

/** What a certificate's key is taken to sign with. More counts only where the keyring says so. */
const CERTIFIED: readonly Algorithm[] = ['ecdsa-p256-sha256', 'ecdsa-p384-sha256', 'ed25519', 'rsa-pkcs1-sha256']
/** Extended key usages: code signing, and any. */
const SIGNING = ['1.3.6.1.5.5.7.3.3', '2.5.29.37.0']
const EVERY = Object.keys(ALGORITHMS) as readonly Algorithm[]

/** @example openProofs(grounds).prove(contentOf(entry), signature) // { times: [1770000000000], logs: 1 } */
export function openProofs(grounds: ProofGrounds): ProofJudge {
  const { root, authorities, identities, keyDemands, demands } = grounds
  return {
    identities,
    keyDemands,
    demands,
    root: { source: root.source, hash: root.hash, windows: root.windows },
    authorities: authorities.map(({ source }) => source),
    lines: linesFor(grounds),
    prove(content, signature) {
      const library = libraryChecks(root.material, authorities, content, signature)
      const proven = proveAll(library, signature, grounds)
      if ('code' in proven) return proven
      return { ...proven, certified: () => certified({ content, signature, library, proven }, grounds) }
    },
  }
}

interface FullyProven extends Omit<Proven, 'certified'> {
  /** One for each proven time. */
  readonly stamps: readonly Stamp[]
}

function proveAll(library: LibraryChecks, signature: Signature, grounds: ProofGrounds): FullyProven | ProofFault {
  const { logEntries = [], logProof, timestamps = [] } = signature
  if (logEntries.length > MAX_PROOFS || timestamps.length > MAX_PROOFS) {
    return { code: 'log_proof_invalid', message: `more than ${MAX_PROOFS} proofs stand beside it` }
  }
  const read = readLogEntries(logEntries, logProof)
  if ('code' in read) return read
  const entries: ProvenEntry[] = []
  for (const entry of read) {
    const proven = proveEntry(entry, grounds.root.logs, library)
    if ('code' in proven) return proven
    entries.push(proven)
  }
  const stamps = new Map<number, Stamp>()
  const clocks = new Set<string>()
  for (const der of timestamps) {
    const told = library.stampTime(der)
    if (told instanceof Error) {
      return { code: 'timestamp_invalid', message: `the timestamp beside it does not verify (${told.message})` }
    }
    stamps.set(told.time, told.stamp)
    clocks.add(told.authority)
  }
  for (const { entry, time, key } of entries) {
    if (time === undefined) continue
    // Of this stamp the library reads the time, and no more.
    stamps.set(time, { $case: 'transparency-log', tlogEntry: entry } as Stamp)
    clocks.add(key.id)
  }
  const times = [...stamps.keys()]
  for (const entry of entries) {
    const fault = wasTrusted(entry, times.length > 0 ? times : [grounds.now])
    if (fault !== undefined) return fault
  }
  const logs = new Set(entries.map(({ key }) => key.id)).size
  const until = firstEnd([endOfLogs(entries), ...(times.length > 0 ? endsOf(grounds) : [])].filter(isAhead(grounds)))
  const end = until === undefined ? {} : { until }
  return { times, logs, clocks: clocks.size, stamps: [...stamps.values()], ...end }
}

/** Of what proves the time; a log's own end is known by its entry. */
function endsOf({ root: { windows } }: ProofGrounds): readonly (number | undefined)[] {
  return windows.flatMap(({ what, until }) => (what === 'timestamp authority' ? [until] : []))
}

const isAhead =
  ({ now }: ProofGrounds) =>
  (end: number | undefined): boolean =>
    end !== undefined && end > now

interface Certified {
  readonly content: SignedContent
  readonly signature: Signature
  readonly library: LibraryChecks
  readonly proven: FullyProven
}

function certified({ content, signature, library, proven }: Certified, grounds: ProofGrounds): SignatureVerdict {
  const { certificate = '', sig } = signature
  let leaf: X509Certificate
  try {
    leaf = new X509Certificate(certificate)
    keyKind(leaf.publicKey)
  } catch {
    return fault(
      'certificate_untrusted',
      'the certificate beside it cannot be read, or is of a key that prov does not verify',
    )
  }
  const made = EVERY.filter((algorithm) => content.isSignedBy(leaf.publicKey, sig, [algorithm]))
  if (made.length === 0)
    return fault('signature_invalid', 'the key of its certificate does not verify it over the stored bytes')
  if (proven.times.length === 0) {
    return fault('timestamp_missing', 'it was made with a certificate, and nothing proves when')
  }
  const [from, until] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()]
  if (!proven.times.every((time) => time >= from && time <= until)) {
    return fault('certificate_time', 'the certificate was not valid at the time that is proven')
  }
  if (leaf.keyUsage !== undefined && !SIGNING.some((usage) => leaf.keyUsage.includes(usage))) {
    return fault('certificate_untrusted', 'the certificate beside it is for another use than signing code')
  }
  // By its bytes: of a text with more in it than one certificate the library and OpenSSL may read different ones.
  const signer = library.signerOf(leaf.raw, proven.stamps, grounds.demands.scts)
  if (signer instanceof Error) return signerFault(signer)
  if (!signer.key.equals(leaf.publicKey)) {
    return fault('certificate_untrusted', 'the certificate beside it is read in two ways, with another key in each')
  }
  const { identity } = signer
  const found = ruleFor(grounds.identities, identity, proven.times)
  if ('code' in found) return { ok: false, ...found }
  const { algorithms = [], validity, name } = found.rule
  if (!made.some((algorithm) => [...CERTIFIED, ...algorithms].includes(algorithm))) {
    return fault(
      'signature_invalid',
      `it was made by ${made[0]}, which counts only where the keyring names it for this identity`,
    )
  }
  const key = {
    keyid: keyId(leaf.publicKey),
    hint: keyHint(leaf.publicKey),
    publicKey: leaf.publicKey,
    source: name ?? `the certificate of ${identity.identity}`,
    identity,
    ...(validity === undefined ? {} : { validity }),
    ...((validity?.until ?? grounds.now) < grounds.now ? { retired: true as const } : {}),
  }
  const end = firstEnd([proven.until, validity?.until].filter(isAhead(grounds)))
  return { ok: true, key, ...(end === undefined ? {} : { until: end }) }
}

/** The library has one code for a certificate and for its entries in certificate logs; the texts are held by tests. */
function signerFault({ message }: Error): SignatureVerdict {
  if (/\bSCTs?\b/.test(message)) {
    return fault('sct_missing', `certificate logs do not prove that they hold its certificate (${message})`)
  }
  return fault('certificate_untrusted', `its certificate leads to no trusted authority (${message})`)
}

function fault(code: SignatureFault, message: string): SignatureVerdict {
  return { ok: false, code, message }
}

function linesFor({ root, authorities, identities, keyDemands, demands }: ProofGrounds): readonly string[] {
  return [
    `root ${root.hash}`,
    ...authorities.flatMap(({ digests }) => digests.map((digest) => `authority ${digest}`)),
    ...identities.map(({ identity, issuer, validity, algorithms = [] }) => {
      const window = validity === undefined ? '' : `${validity.from ?? ''}..${validity.until ?? ''}`
      return `identity ${JSON.stringify([identity, issuer, window, algorithms.toSorted()])}`
    }),
    `demands ${JSON.stringify([keyDemands, demands].map(({ logs, timestamps, scts }) => [logs, timestamps, scts]))}`,
  ]
}
