/**
 * What stands beside a signature and proves who made it and when: certificates, log entries, time-stamps. None of it is identity: two copies
 * that differ in it are one entry, and what either has belongs to both. Pure; nothing here is verified.
 */
import { X509Certificate } from 'node:crypto'
import { base64Of } from '../platform/text/base64.ts'
import { type Entry, holds, type Kind, type Signature, sameBytes, signatureId } from './entry.ts'
import { logContent, logEntryOf, logProofOf } from './log-entry.ts'

/** The members of a signature that are proofs. */
export const PROOFS = ['certificate', 'chain', 'logEntries', 'logProof', 'timestamps'] as const
export type ProofKind = (typeof PROOFS)[number]
export type Proofs = Pick<Signature, ProofKind>

/** Which proofs a backend keeps, by the kind of entry; a kind that it does not keep has none. */
export type KeptProofs = Readonly<Record<Kind, readonly ProofKind[]>>

/** @example const capabilities = { keepsProofs: ALL_PROOFS } */
export const ALL_PROOFS: KeptProofs = { dsse: PROOFS, raw: PROOFS }

/** Log entries, and time-stamps, of one signature: more than any signer asks for. What is beyond stays where it is. */
export const MAX_PROOFS = 32

/**
 * The proofs of a signature alone, those that are empty left out.
 *
 * @example proofsOf(signature).certificate
 */
export function proofsOf({ certificate, chain, logEntries, logProof, timestamps }: Proofs): Proofs {
  return {
    ...(certificate ? { certificate } : {}),
    ...(chain ? { chain } : {}),
    ...(logEntries?.length ? { logEntries } : {}),
    ...(logProof ? { logProof } : {}),
    ...(timestamps?.length ? { timestamps } : {}),
  }
}

/** @example hasProofs({ sig }) // false */
export function hasProofs(signature: Proofs): boolean {
  return Object.keys(proofsOf(signature)).length > 0
}

/**
 * The signature with what `other` has beside it as well. Of what there is room for once (a certificate, its chain, cosign's log proof) its own
 * stays; another log proof goes among the log entries.
 *
 * @example joinProofs(fromTag, fromBundle).logEntries?.length
 */
export function joinProofs<S extends Proofs>(own: S, other: Proofs): S {
  const { certificate = other.certificate, logProof = other.logProof } = own
  // A chain belongs to its certificate.
  const sameLeaf = !own.certificate || !other.certificate || isSameLeaf(own.certificate, other.certificate)
  const chain = own.chain ?? (sameLeaf ? other.chain : undefined)
  const second = own.logProof !== undefined && other.logProof !== undefined && !isSameText(own.logProof, other.logProof)
  const converted = second ? logEntryOf(other.logProof ?? '') : undefined
  const wanted = [...(other.logEntries ?? []), ...(converted === undefined ? [] : [converted])]
  const logEntries = union(own.logEntries ?? [], wanted, logContent)
  const timestamps = union(own.timestamps ?? [], other.timestamps ?? [], base64Of)
  return { ...own, ...proofsOf({ certificate, chain, logEntries, logProof, timestamps } as Proofs) }
}

/**
 * One signature as two copies have it: with the names of both, and the proofs of both.
 *
 * @example joinSignatures(fromTag, fromBundle).keyHint
 */
export function joinSignatures(own: Signature, other: Signature): Signature {
  const { keyid = other.keyid, keyHint = other.keyHint } = own
  const names = { ...(keyid === undefined ? {} : { keyid }), ...(keyHint === undefined ? {} : { keyHint }) }
  return joinProofs({ ...own, ...names }, other)
}

/**
 * The entry with every proof that the others have of the same signatures over the same payload.
 *
 * @example withProofsOf(entry, [found, wanted])
 */
export function withProofsOf(entry: Entry, others: readonly Entry[]): Entry {
  const known = new Map<string, Proofs>()
  for (const other of others) {
    if (other === entry || !isSamePayload(other, entry)) continue
    for (const signature of other.signatures) {
      const id = signatureId(signature)
      known.set(id, joinProofs(known.get(id) ?? {}, proofsOf(signature)))
    }
  }
  const signatures = entry.signatures.map((signature) => {
    const more = known.get(signatureId(signature))
    return more === undefined || holdsProofs(signature, more, PROOFS) ? signature : joinProofs(signature, more)
  })
  return signatures.every((signature, i) => signature === entry.signatures[i]) ? entry : { ...entry, signatures }
}

/**
 * True when `found` has every proof of `wanted` that is among `kept`. A certificate or chain is there when any is: what verifies decides
 * between two. A log proof is also there as the log entry that says the same.
 *
 * @example holdsProofs(found, wanted, backend.capabilities.keepsProofs.dsse)
 */
export function holdsProofs(found: Proofs, wanted: Proofs, kept: readonly ProofKind[]): boolean {
  return kept.every((kind) => {
    switch (kind) {
      case 'certificate':
      case 'chain':
        return !wanted[kind] || Boolean(found[kind])
      case 'logProof':
        return !wanted.logProof || hasLogProof(found, wanted.logProof)
      case 'logEntries':
        return hasLogEntries(found.logEntries ?? [], wanted.logEntries ?? [])
      case 'timestamps':
        return (wanted.timestamps ?? []).every((one) => (found.timestamps ?? []).some((other) => sameBytes(other, one)))
    }
    return true
  })
}

/**
 * True when `found` holds the payload, every signature of `wanted`, and beside each those of its proofs that are among `kept`; absent: all.
 *
 * @example holdsWith(found, wanted, backend.capabilities.keepsProofs?.dsse) // the read-back test after a put
 */
export function holdsWith(found: Entry, wanted: Entry, kept: readonly ProofKind[] = PROOFS): boolean {
  if (!holds(found, wanted)) return false
  return wanted.signatures.every((w) =>
    found.signatures.some((f) => sameBytes(f.sig, w.sig) && holdsProofs(f, w, kept)),
  )
}

function hasLogEntries(found: readonly string[], wanted: readonly string[]): boolean {
  const others = wanted.filter((one) => !found.includes(one))
  if (others.length === 0 || found.length === 0) return others.length === 0
  const said = new Set(found.map(logContent))
  return others.every((one) => said.has(logContent(one)))
}

function hasLogProof({ logProof, logEntries = [] }: Proofs, wanted: string): boolean {
  if (logProof !== undefined && isSameText(logProof, wanted)) return true
  return logEntries.some((entry) => {
    const said = logProofOf(entry)
    return said !== undefined && isSameText(said, wanted)
  })
}

function isSamePayload(a: Entry, b: Entry): boolean {
  return a.kind === b.kind && a.payloadType === b.payloadType && sameBytes(a.payload, b.payload)
}

function isSameText(a: string, b: string): boolean {
  return a === b || logContent(a) === logContent(b)
}

function isSameLeaf(a: string, b: string): boolean {
  if (a === b) return true
  try {
    return sameBytes(new X509Certificate(a).raw, new X509Certificate(b).raw)
  } catch {
    return false
  }
}

/** What each says is worked out once: a hostile place may hold megabytes of them. */
function union<T>(own: readonly T[], more: readonly T[], saidBy: (one: T) => string): readonly T[] {
  const all = [...own]
  const others = more.filter((one) => !own.includes(one))
  if (others.length === 0) return all
  const known = new Set(own.map(saidBy))
  for (const one of others) {
    if (all.length >= MAX_PROOFS) break
    const said = saidBy(one)
    if (!known.has(said)) all.push(one)
    known.add(said)
  }
  return all
}
