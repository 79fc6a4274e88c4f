/**
 * OCI references, read the way go-containerregistry reads them (pkg/name), because Chains names images with it: the same
 * text must give the same repository, or payloads and tags would differ from those Chains and cosign make.
 */
import { isIPv6 } from 'node:net'
import { ProvError } from '../errors.ts'
import type { ImageRef, Subject } from './artifact.ts'

const DEFAULT_REGISTRY = 'index.docker.io'
const REPOSITORY = /^[a-z0-9_./-]{2,255}$/
const TAG = /^[a-zA-Z0-9_.-]{1,128}$/
const DIGEST = /^sha256:[a-f0-9]{64}$/
const HEX256 = /^[a-f0-9]{64}$/
/** Characters that Go's net/url accepts in a host, bytes above ASCII included. */
const HOST = /^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"\u0080-\u{10ffff}]*$/u

/** Why a text is not a reference; the reason alone, without the text. */
export interface BadReference {
  readonly reason: string
}

/**
 * An image by digest, `[registry/]repository[:tag]@sha256:<64 hex>`; a tag is dropped, `docker.io` becomes
 * `index.docker.io` and a one-part name there gets `library/`. Throws `image_invalid` with the reason.
 *
 * @example parseImage(`alpine:3@sha256:${hex}`) // { repository: 'index.docker.io/library/alpine', digest: 'sha256:…' }
 */
export function parseImage(text: string): ImageRef {
  const read = tryImage(text)
  if ('reason' in read) {
    throw new ProvError('image_invalid', `${quoted(text)} is not an image reference: ${read.reason}`, {
      hint: 'name it registry/repository@sha256:<64 lower-case hex digits>',
    })
  }
  return read
}

/**
 * As {@link parseImage}, but the reason comes back instead of being thrown. Also refuses what go-containerregistry lets
 * pass although no registry can have such a name: a URL, whose scheme it takes for a host with an empty port.
 *
 * @example tryImage('https://x/y@sha256:…') // { reason: 'it is a URL, not a registry and a repository' }
 */
export function tryImage(text: string): ImageRef | BadReference {
  const read = tryDigest(text)
  if ('reason' in read) return read
  const host = read.repository.slice(0, read.repository.indexOf('/'))
  if (host.endsWith(':')) return { reason: 'it is a URL, not a registry and a repository' }
  return read
}

/** An image by a tag, which may name another image tomorrow. */
export interface TaggedRef {
  /** In the normalised spelling. */
  readonly repository: string
  readonly tag: string
  /** What stood before the tag, as it was written. */
  readonly written: string
}

/**
 * `[registry/]repository[:tag]`, where no tag means `latest`, as every tool has it. Throws `image_invalid` with the reason.
 *
 * @example parseTagged('alpine') // { repository: 'index.docker.io/library/alpine', tag: 'latest', written: 'alpine' }
 */
export function parseTagged(text: string): TaggedRef {
  const written = withoutTag(text)
  return { repository: parseRepository(written), tag: text.slice(written.length + 1) || 'latest', written }
}

/**
 * Exactly go-containerregistry's `name.NewDigest`, URLs included: what Chains takes for an image in a run's results.
 *
 * @example tryDigest('a@b@c') // { reason: "it must hold exactly one '@'" }
 */
export function tryDigest(text: string): ImageRef | BadReference {
  const parts = text.split('@')
  const [base, digest] = parts
  if (parts.length !== 2 || base === undefined || digest === undefined)
    return { reason: "it must hold exactly one '@'" }
  if (!DIGEST.test(digest)) return { reason: `${quoted(digest)} is not a sha256 digest of 64 lower-case hex digits` }
  const untagged = withoutTag(base)
  const repository = tryRepository(untagged)
  if (typeof repository !== 'string') return repository
  return { repository, digest }
}

/**
 * A repository without tag or digest, in the normalised spelling. Throws `image_invalid` with the reason.
 *
 * @example parseRepository('docker.io/acme/app') // 'index.docker.io/acme/app'
 */
export function parseRepository(text: string): string {
  const read = tryRepository(text)
  const reason = typeof read === 'string' ? (/^[^/]*:\//.test(read) ? 'it is a URL' : undefined) : read.reason
  if (typeof read !== 'string' || reason !== undefined) {
    throw new ProvError('image_invalid', `${quoted(text)} is not a repository: ${reason}`, {
      hint: 'name it registry/repository, without a scheme, tag or digest',
    })
  }
  return read
}

/**
 * The image that a Statement's subject is, or undefined when it is none: it needs a sha256 digest and a name with an
 * explicit registry (`host.tld/…`, `host:5000/…`, `localhost/…`). Names with a URL scheme (`https://`, `git+…`, `pkg:`) are not images.
 *
 * @example imageOfSubject({ name: 'ghcr.io/acme/app', digest: { sha256: hex } }) // { repository: 'ghcr.io/acme/app', … }
 */
export function imageOfSubject(subject: Subject): ImageRef | undefined {
  const hex = Object.hasOwn(subject.digest, 'sha256') ? subject.digest['sha256'] : undefined
  if (hex === undefined || !HEX256.test(hex) || subject.name.includes('@')) return undefined
  const slash = subject.name.indexOf('/')
  if (slash < 0 || !isRegistry(subject.name.slice(0, slash))) return undefined
  const read = tryImage(`${subject.name}@sha256:${hex}`)
  return 'reason' in read ? undefined : read
}

/** The registry host (with port) of a normalised repository, e.g. `ghcr.io`. */
export function registryOf(repository: string): string {
  return repository.slice(0, repository.indexOf('/'))
}

function isRegistry(first: string): boolean {
  return first === 'localhost' || /[.:]/.test(first)
}

/** A trailing `:tag` counts as one only if it is a valid tag and the text before it is a valid repository. */
function withoutTag(base: string): string {
  const colon = base.lastIndexOf(':')
  if (colon < 0 || base.includes('/', colon)) return base
  const name = base.slice(0, colon)
  return TAG.test(base.slice(colon + 1)) && typeof tryRepository(name) === 'string' ? name : base
}

function tryRepository(text: string): string | BadReference {
  if (text === '') return { reason: 'the repository is empty' }
  const slash = text.indexOf('/')
  const explicit = slash >= 0 && isRegistry(text.slice(0, slash))
  const path = explicit ? text.slice(slash + 1) : text
  if (!REPOSITORY.test(path)) {
    return { reason: `its repository ${quoted(path)} must be 2 to 255 characters of a-z 0-9 _ - . /` }
  }
  const named = explicit ? text.slice(0, slash) : DEFAULT_REGISTRY
  const registry = named === 'docker.io' ? DEFAULT_REGISTRY : named
  if (!isAuthority(registry)) return { reason: `${quoted(registry)} is not a registry host` }
  return registry === DEFAULT_REGISTRY && !path.includes('/') ? `${registry}/library/${path}` : `${registry}/${path}`
}

/** What Go's url.Parse takes for the host of `//<name>` and gives back unchanged. */
function isAuthority(name: string): boolean {
  if (!HOST.test(name)) return false
  const bracket = name.lastIndexOf('[')
  if (bracket > 0) return false
  if (bracket === 0) {
    const close = name.lastIndexOf(']')
    return close > 0 && isIPv6(name.slice(1, close)) && isPort(name.slice(close + 1))
  }
  const colon = name.lastIndexOf(':')
  return colon < 0 || isPort(name.slice(colon))
}

function isPort(text: string): boolean {
  return text === '' || /^:[0-9]*$/.test(text)
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}…` : text)
}
