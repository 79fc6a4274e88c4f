/**
 * Proofs as JSON text, for a place beside a copy whose own form has no room for them: `{"v":1,"signatures":[{"signature":"sha256:…", …}]}`.
 * Each is named by the signature that it belongs to, so that it can never be taken for a proof of another. Pure.
 */
import { ProvError } from '../errors.ts'
import { base64Of, bytesOf } from '../platform/text/base64.ts'
import { parseBounded } from '../platform/text/bounded-json.ts'
import { isRecord, textIn } from '../platform/text/guards.ts'
import { isCertificates } from '../platform/text/pem-text.ts'
import { type Entry, type Signature, sameBytes, signatureId } from './entry.ts'
import { MAX_LOG_ENTRY_LENGTH } from './log-entry.ts'
import { holdsProofs, joinProofs, MAX_PROOFS, PROOFS, type ProofKind, type Proofs, proofsOf } from './proofs.ts'

/** A reader refuses a newer version: what it does not know it must not drop. */
const VERSION = 1
const MAX_LENGTH = 8 * 1024 * 1024
const MAX_SIGNATURES = 100
const MAX_TIMESTAMP_BYTES = 64 * 1024
const MEMBERS: readonly string[] = ['signature', ...PROOFS]

/** What the forms of Tekton Chains have no place for: they hold a certificate and its chain. */
export const BESIDE_CHAINS: readonly ProofKind[] = ['logEntries', 'logProof', 'timestamps']

/** Proofs by the id of their signature. */
export type ProofsById = ReadonlyMap<string, Proofs>

/**
 * The text for these proofs; undefined when there is none. The same proofs give the same text. Throws
 * `entry_too_large` for more than a reader takes.
 *
 * @example proofsText(proofsIn(entry.signatures, ['logEntries', 'logProof', 'timestamps']))
 */
export function proofsText(proofs: ProofsById): string | undefined {
  const rows = [...proofs].flatMap(([signature, own]) => {
    const { timestamps, ...rest } = proofsOf(own)
    const stamps = timestamps === undefined ? {} : { timestamps: timestamps.map(base64Of) }
    const row = { signature, ...rest, ...stamps }
    return Object.keys(row).length === 1 ? [] : [row]
  })
  if (rows.length === 0) return undefined
  const text = JSON.stringify({ v: VERSION, signatures: rows })
  const most = Math.max(...rows.map((row) => Math.max(row.logEntries?.length ?? 0, row.timestamps?.length ?? 0)))
  if (text.length <= MAX_LENGTH && rows.length <= MAX_SIGNATURES && most <= MAX_PROOFS) return text
  throw new ProvError('entry_too_large', `the proofs of its signatures are more than prov keeps beside a copy`, {
    hint: `of one signature ${MAX_PROOFS} log entries and ${MAX_PROOFS} time-stamps, and ${MAX_LENGTH} characters in all`,
  })
}

/**
 * The proofs of these signatures, as far as they are among `kinds`.
 *
 * @example proofsIn(entry.signatures, ['timestamps']).get(signatureId(entry.signatures[0]))
 */
export function proofsIn(signatures: readonly Signature[], kinds: readonly ProofKind[]): ProofsById {
  const all = new Map<string, Proofs>()
  for (const signature of signatures) {
    const own = Object.fromEntries(kinds.map((kind) => [kind, signature[kind]])) as Proofs
    const id = signatureId(signature)
    const joined = joinProofs(all.get(id) ?? {}, proofsOf(own))
    if (Object.keys(joined).length > 0) all.set(id, joined)
  }
  return all
}

/**
 * The proofs that a text holds. Throws `copy_malformed` for anything that {@link proofsText} does not write, a newer version included.
 *
 * @example readProofs(text).get('sha256:ab12…')?.logEntries
 */
export function readProofs(text: string): ProofsById {
  if (text.length > MAX_LENGTH) throw malformed(`they have ${text.length} characters`)
  const json = parsed(text)
  if (!isRecord(json)) throw malformed('not a JSON object')
  const { v, signatures, ...more } = json
  if (v !== VERSION) throw malformed(`version ${JSON.stringify(v)?.slice(0, 40)}; this prov reads version ${VERSION}`)
  if (Object.keys(more).length > 0) throw malformed('a member that this version does not have')
  if (!Array.isArray(signatures) || signatures.length === 0 || signatures.length > MAX_SIGNATURES) {
    throw malformed(`not a list of 1 to ${MAX_SIGNATURES} signatures`)
  }
  const all = new Map<string, Proofs>()
  for (const row of signatures) {
    const [id, proofs] = readRow(row)
    if (all.has(id)) throw malformed('it names a signature twice')
    all.set(id, proofs)
  }
  return all
}

/**
 * True for a text of a later version than this prov writes: it may hold what would be lost, and is never overwritten.
 *
 * @example isNewer('{"v":2}') // true
 */
export function isNewer(text: string): boolean {
  try {
    const json = parseBounded(text)
    return isRecord(json) && typeof json['v'] === 'number' && json['v'] > VERSION
  } catch {
    return false
  }
}

/**
 * The entry with these proofs beside its signatures. What its own form says stays.
 *
 * @example withProofs(entry, readProofs(text)).signatures[0]?.timestamps
 */
export function withProofs(entry: Entry, proofs: ProofsById): Entry {
  const signatures = entry.signatures.map((signature) => {
    const own = proofs.get(signatureId(signature))
    return own === undefined ? signature : joinProofs(signature, own)
  })
  return { ...entry, signatures }
}

/**
 * What `found` lacks of the proofs of `wanted`, as far as they are among `kinds`.
 *
 * @example proofsLacking(found, wanted, PROOFS).size // 0 when it lacks none
 */
export function proofsLacking(found: Entry, wanted: Entry, kinds: readonly ProofKind[]): ProofsById {
  const lacking = wanted.signatures.flatMap((signature) => {
    const own = found.signatures.find(({ sig }) => sameBytes(sig, signature.sig))
    const missing = kinds.filter((kind) => !holdsProofs(own ?? {}, signature, [kind]))
    return missing.map((kind) => ({ sig: signature.sig, [kind]: signature[kind] }) as Signature)
  })
  return proofsIn(lacking, kinds)
}

/**
 * The text with these proofs added; undefined when it says them all. What cannot be read is written anew. Throws `not_supported` for a text of a
 * later version: it stays.
 *
 * @param text what stands there; undefined for nothing
 * @example addedTo(text, proofsLacking(found, entry, PROOFS))
 */
export function addedTo(text: string | undefined, more: ProofsById): string | undefined {
  if (text !== undefined && isNewer(text)) {
    const hint = 'use the prov that wrote them, or a newer one'
    throw new ProvError('not_supported', 'the proofs beside this copy were written by a newer prov', { hint })
  }
  const there = text === undefined ? undefined : readable(text)
  const isHeld = [...more].every(([id, proofs]) => holdsProofs(there?.get(id) ?? {}, proofs, PROOFS))
  return there !== undefined && isHeld ? undefined : proofsText(joinById(there ?? new Map(), more))
}

function readable(text: string): ProofsById | undefined {
  try {
    return readProofs(text)
  } catch {
    return undefined
  }
}

/**
 * What both hold, by signature.
 *
 * @example proofsText(joinById(readProofs(there), proofsIn(entry.signatures, kinds)))
 */
export function joinById(own: ProofsById, more: ProofsById): ProofsById {
  const all = new Map(own)
  for (const [id, proofs] of more) all.set(id, joinProofs(all.get(id) ?? {}, proofs))
  return all
}

function readRow(row: unknown): readonly [string, Proofs] {
  if (!isRecord(row)) throw malformed('a signature is not a JSON object')
  if (Object.keys(row).some((name) => !MEMBERS.includes(name)))
    throw malformed('a member that this version does not have')
  const id = textIn(row['signature'])
  if (id === undefined || !/^sha256:[0-9a-f]{64}$/.test(id)) throw malformed('a signature is not named by its sha256')
  const { logProof } = row
  if (logProof !== undefined && (typeof logProof !== 'string' || logProof.length > MAX_LOG_ENTRY_LENGTH)) {
    throw malformed('logProof is not text')
  }
  const logEntries = listIn(row, 'logEntries', (one) =>
    typeof one === 'string' && one.length <= MAX_LOG_ENTRY_LENGTH ? one : undefined,
  )
  const timestamps = listIn(row, 'timestamps', (one) => {
    const bytes = typeof one === 'string' ? bytesOf(one) : undefined
    return bytes === undefined || bytes.length === 0 || bytes.length > MAX_TIMESTAMP_BYTES ? undefined : bytes
  })
  const proofs = {
    certificate: pemIn(row, 'certificate'),
    chain: pemIn(row, 'chain'),
    logEntries,
    logProof,
    timestamps,
  }
  return [id, proofsOf(proofs as Proofs)]
}

function pemIn(row: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = row[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || !isCertificates(value)) throw malformed(`${name} holds no PEM certificate`)
  return value
}

function listIn<T>(
  row: Readonly<Record<string, unknown>>,
  name: string,
  read: (one: unknown) => T | undefined,
): readonly T[] | undefined {
  const value = row[name]
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length > MAX_PROOFS)
    throw malformed(`${name} are not a list of at most ${MAX_PROOFS}`)
  return value.map((one) => read(one) ?? refuse(`one of ${name} cannot be read`))
}

function refuse(why: string): never {
  throw malformed(why)
}

function parsed(text: string): unknown {
  try {
    return parseBounded(text)
  } catch {
    throw malformed('invalid JSON')
  }
}

function malformed(why: string): ProvError {
  return new ProvError('copy_malformed', `the proofs beside the copy cannot be read: ${why}`)
}
