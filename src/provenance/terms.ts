/** By what a stored entry is found: short texts, spelled by one rule whether they are written or asked for. Pure. */
import { ProvError } from '../errors.ts'
import type { ImageRef, RunArtifact } from '../model/artifact.ts'
import { type Entry, entryId, sha256Hex } from '../model/entry.ts'
import { imageOfSubject, parseImage } from '../model/image-reference.ts'
import { readStatement, type Statement } from '../model/statement.ts'
import { memberIn } from '../platform/text/guards.ts'
import { namesOfCertificate } from './certificate-names.ts'
import { invocationId, simpleSigningImage } from './identity.ts'

export type TermKind = 'digest' | 'entry' | 'key' | 'builder' | 'identity' | 'run' | 'name' | 'image' | 'type'

/** Longer terms, and those with control characters, are replaced by their sha256: an index need not take what nobody types. */
const MOST_BYTES = 512

const lower = (text: string): string => text.toLowerCase()
const same = (text: string): string => text

/** What is the same however it is written; the rest is taken letter by letter. */
const SPELLED: Readonly<Record<TermKind, (text: string) => string>> = {
  digest: lower,
  entry: same,
  key: (text) => (/^[0-9a-f]{64}$/i.test(text) ? lower(text) : text),
  builder: uri,
  identity: lower,
  run: lower,
  name: lower,
  image: same,
  type: uri,
}

/** Scheme and host in lower case, as RFC 3986 compares them. */
function uri(text: string): string {
  return text.replace(
    /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*@)?([^/?#@]*)/i,
    (_, scheme: string, user: string | undefined, host: string) => lower(scheme) + (user ?? '') + lower(host),
  )
}

/**
 * The one spelling of a term, for whoever writes it and whoever asks for it.
 *
 * @example termOf('builder', 'HTTPS://Tekton.dev/Chains/v2') // 'builder:https://tekton.dev/Chains/v2'
 */
export function termOf(kind: TermKind, text: string): string {
  const term = `${kind}:${SPELLED[kind](text.toWellFormed())}`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const isPlain = Buffer.byteLength(term) <= MOST_BYTES && !/[\u0000-\u001f\u007f]/.test(term)
  return isPlain ? term : `#sha256:${sha256Hex(Buffer.from(term))}`
}

/** What is known of an entry beside its bytes. */
export interface Known {
  /** Names of the keys under which it was verified: `SHA256:…`, and sha256 of the SPKI in hex. */
  readonly keyids: readonly string[]
  /** The runs that have it: none for what belongs to no run, several for an image that several have built. */
  readonly runs: readonly RunNames[]
}

export type RunNames = Pick<RunArtifact, 'uid' | 'namespace' | 'name'>

/**
 * By what an entry is found, sorted, each term once. What its payload does not say, or says in a form that nobody knows, gives fewer terms; it
 * never throws. Only names of a certificate whose key is one of `keyids` count.
 *
 * @example termsOf(entry, { keyids: ['SHA256:…'], runs: [run] }) // ['builder:https://tekton.dev/chains/v2', 'digest:sha256:…', …]
 */
export function termsOf(entry: Entry, { keyids, runs }: Known): readonly string[] {
  const statement = entry.kind === 'dsse' ? readStatement(entry.payload) : undefined
  const signed = entry.kind === 'raw' ? simpleSigningImage(entry.payload) : undefined
  const found = [
    termOf('entry', entryId(entry)),
    ...keyids.map((key) => termOf('key', key)),
    ...identitiesOf(entry, keyids).map((name) => termOf('identity', name)),
    ...(statement === undefined ? [] : statementTerms(statement)),
    ...(signed === undefined ? [] : imageTerms(signed)),
    ...runTerms(runs),
  ]
  return [...new Set(found)].sort()
}

/** The same for an entry whose bytes cannot be read any more: its id and its keys are known all the same. */
export function termsOfUnreadable(id: string, keyids: readonly string[]): readonly string[] {
  return [...new Set([termOf('entry', id), ...keyids.map((key) => termOf('key', key))])].sort()
}

function identitiesOf({ signatures }: Entry, keyids: readonly string[]): readonly string[] {
  return signatures.flatMap(({ certificate }) => {
    const read = certificate === undefined ? undefined : namesOfCertificate(certificate)
    return read !== undefined && keyids.includes(read.key) ? read.names : []
  })
}

function statementTerms(statement: Statement): readonly string[] {
  const { predicateType, predicate, subjects } = statement
  const builders = [memberIn(predicate, 'builder', 'id'), memberIn(predicate, 'runDetails', 'builder', 'id')]
  const run = invocationId(statement)
  return [
    termOf('type', predicateType),
    ...builders.flatMap((id) => (typeof id === 'string' && id !== '' ? [termOf('builder', id)] : [])),
    ...(run === undefined || run === '' ? [] : [termOf('run', run)]),
    ...subjects.flatMap((subject) => {
      const image = imageOfSubject(subject)
      const digests = Object.entries(subject.digest).map(([algorithm, hex]) => termOf('digest', `${algorithm}:${hex}`))
      return image === undefined ? digests : [...digests, termOf('image', referenceOf(image))]
    }),
  ]
}

function imageTerms(image: ImageRef): readonly string[] {
  return [termOf('digest', image.digest), termOf('image', referenceOf(image))]
}

/**
 * By which an entry is found for the runs that have it.
 *
 * @example runTerms([run]) // ['run:b0a4c3c0-…', 'name:ci/build-7x']
 */
export function runTerms(runs: readonly RunNames[]): readonly string[] {
  return runs.flatMap(({ uid, namespace, name }) => [
    ...(uid === '' ? [] : [termOf('run', uid)]),
    ...(namespace === '' || name === '' ? [] : [termOf('name', `${namespace}/${name}`)]),
  ])
}

function referenceOf({ repository, digest }: ImageRef): string {
  return `${repository}@${digest}`
}

/** By what a person may ask. */
export type Asked = 'sha' | 'key' | 'builder' | 'identity' | 'run' | 'image' | 'type'

/** Length of a digest in hex → its algorithm. */
const LENGTHS: ReadonlyMap<number, string> = new Map([
  [40, 'sha1'],
  [64, 'sha256'],
  [96, 'sha384'],
  [128, 'sha512'],
])

/**
 * The term that a person asks for, in the spelling in which it is written. Throws `usage` for what no entry can have.
 *
 * @example askedTerm('sha', 'SHA256:9F86D0…') // 'digest:sha256:9f86d0…'
 */
export function askedTerm(by: Asked, text: string): string {
  switch (by) {
    case 'sha':
      return termOf('digest', digestOf(text))
    case 'key':
      return termOf('key', keyOf(text))
    case 'image':
      return termOf('image', imageOf(text))
    case 'run':
      return termOf('run', /[\s/]/.test(text) ? refuse(by, text, MEANT.run) : filled(by, text))
    case 'builder':
    case 'type':
    case 'identity':
      return termOf(by, filled(by, text))
  }
}

function filled(by: Asked, text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /^[^\u0000-\u001f\u007f]+$/.test(text) && text.trim() === text ? text : refuse(by, text, MEANT[by])
}

function digestOf(text: string): string {
  const [, named, hex = ''] = /^(?:([a-z0-9_]+):)?([0-9a-f]+)$/i.exec(text) ?? []
  const usual = LENGTHS.get(hex.length)
  const algorithm = named ?? usual
  const known = [...LENGTHS].find(([, name]) => name === algorithm?.toLowerCase())
  if (algorithm === undefined || (known !== undefined && known[0] !== hex.length)) return refuse('sha', text, MEANT.sha)
  return `${algorithm}:${hex}`
}

function keyOf(text: string): string {
  const [, hex] = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(text) ?? []
  if (hex !== undefined) return hex
  const [, fingerprint] = /^sha256:([A-Za-z0-9+/]{43})=?$/i.exec(text) ?? []
  return fingerprint === undefined ? refuse('key', text, MEANT.key) : `SHA256:${fingerprint}`
}

function imageOf(text: string): string {
  try {
    const at = text.lastIndexOf('@')
    return referenceOf(parseImage(`${text.slice(0, at)}${text.slice(at).toLowerCase()}`))
  } catch (cause) {
    return refuse('image', text, MEANT.image, cause)
  }
}

const MEANT: Readonly<Record<Asked, string>> = {
  sha: 'give a digest in hex, with or without its algorithm: sha256:<64 hex digits>',
  key: 'give a key id (SHA256:…), or the sha256 of the public key in hex',
  builder: 'give the id of a builder as the provenance has it: a URI',
  identity: 'give the e-mail address or the URI that the certificate names',
  run: "give the run's uid (metadata.uid)",
  image: 'give registry/repository@sha256:<64 hex digits>',
  type: 'give a predicate type: a URI such as https://slsa.dev/provenance/v1',
}

function refuse(by: Asked, text: string, hint: string, cause?: unknown): never {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text)
  throw new ProvError('usage', `nothing can be found by --${by} ${shown}`, {
    hint,
    ...(cause === undefined ? {} : { cause }),
  })
}
