/**
 * Type hints: how Chains finds images and other artifacts in the results of a run, by the names of the results
 * (pkg/artifacts/signable.go and structured.go). Where Chains walks a Go map, prov keeps the order of appearance.
 */
import type { ImageRef } from '../../model/artifact.ts'
import { tryDigest } from '../../model/image-reference.ts'
import type { ParamValue } from './values.ts'

/** A result as the hints see it. */
export interface HintedResult {
  readonly name: string
  /** undefined when the member is absent. */
  readonly value: ParamValue | undefined
}

/** A URI and a digest, both as written. */
export interface Target {
  readonly uri: string
  readonly digest: string
}

/** A result that names an image which Chains passes over with a line in its log at most. */
export interface SkippedImage {
  readonly result: string
  readonly value: string
  readonly reason: string
}

/** An image and the result that first named it. */
export interface HintedImage extends ImageRef {
  readonly result: string
}

export interface HintedImages {
  /** Without repeats, in order. */
  readonly images: readonly HintedImage[]
  readonly skipped: readonly SkippedImage[]
}

/**
 * Images in results: pairs `*IMAGE_URL` + `*IMAGE_DIGEST`, then `IMAGES`, then `*ARTIFACT_OUTPUTS` marked as build artifacts.
 *
 * @example hintedImages([{ name: 'IMAGES', value: `ghcr.io/a/b@sha256:${hex}` }]).images[0] // { repository: 'ghcr.io/a/b', … }
 */
export function hintedImages(results: readonly HintedResult[]): HintedImages {
  const images = new Map<string, HintedImage>()
  const skipped: SkippedImage[] = []
  const add = (result: string, text: string) => {
    const read = tryDigest(text)
    if ('reason' in read) skipped.push({ result, value: text, reason: read.reason })
    else if (!images.has(`${read.repository}@${read.digest}`))
      images.set(`${read.repository}@${read.digest}`, { ...read, result })
  }
  for (const pair of pairs(results, 'IMAGE_URL', 'IMAGE_DIGEST')) {
    if (pair.digest === '')
      skipped.push({
        result: `${pair.prefix}IMAGE_URL`,
        value: pair.uri,
        reason: `no ${pair.prefix}IMAGE_DIGEST beside it`,
      })
    else if (pair.uri === '')
      skipped.push({
        result: `${pair.prefix}IMAGE_DIGEST`,
        value: pair.digest,
        reason: `no ${pair.prefix}IMAGE_URL beside it`,
      })
    else add(`${pair.prefix}IMAGE_URL`, `${pair.uri}@${pair.digest}`)
  }
  for (const { name, value } of results) {
    if (name !== 'IMAGES' || typeof value !== 'string') continue
    for (const item of value.split(/[\n,]/)) {
      const text = trimSpace(item)
      if (text !== '') add(name, text)
    }
  }
  for (const { name, value } of results) {
    if (!Array.isArray(value) || value.length === 0 || !IMAGE_RESULT.test(name)) continue
    const reason = 'it is of type array, and Tekton Chains reads images from text only'
    skipped.push({ result: name, value: describe(value), reason })
  }
  for (const result of results) {
    if (!isMarkedBuildArtifact(result)) continue
    const target = outputTarget(result)
    if (target !== undefined) add(result.name, `${target.uri}@${target.digest}`)
    else
      skipped.push({ result: result.name, value: describe(result.value), reason: 'it has no uri, or no valid digest' })
  }
  return { images: [...images.values()], skipped }
}

/** Pairs `*ARTIFACT_URI` + `*ARTIFACT_DIGEST` with a digest that {@link parseDigest} takes. */
export function artifactPairs(results: readonly HintedResult[]): readonly Target[] {
  return pairs(results, 'ARTIFACT_URI', 'ARTIFACT_DIGEST').filter(
    (p) => p.uri !== '' && parseDigest(p.digest) !== undefined,
  )
}

/** Objects in results whose name ends with the marker, with a uri and a valid digest; others are left out. */
export function structuredTargets(
  results: readonly HintedResult[],
  marker: 'ARTIFACT_INPUTS' | 'ARTIFACT_OUTPUTS',
): readonly Target[] {
  return results.flatMap((r) => (r.name.endsWith(marker) ? (outputTarget(r) ?? []) : []))
}

/** `*ARTIFACT_OUTPUTS` objects with `isBuildArtifact: "true"`, a uri and a valid digest. */
export function buildArtifacts(results: readonly HintedResult[]): readonly Target[] {
  return results.flatMap((r) => (isMarkedBuildArtifact(r) ? (outputTarget(r) ?? []) : []))
}

/**
 * How Chains classes one result: `yes` is a build artifact, `broken` is one meant as output but unusable, `no` is any other.
 *
 * @example buildArtifactState({ name: 'ARTIFACT_OUTPUTS', value: 'text' }) // 'broken'
 */
export function buildArtifactState(result: HintedResult): 'yes' | 'no' | 'broken' {
  if (!result.name.endsWith('ARTIFACT_OUTPUTS')) return 'no'
  if (!isObjectValue(result.value)) return 'broken'
  if (own(result.value, 'isBuildArtifact') !== 'true') return 'no'
  return outputTarget(result) === undefined ? 'broken' : 'yes'
}

/**
 * `algorithm:hex` with sha1, sha256, sha384 or sha512; the algorithm comes back in lower case, both parts trimmed.
 * undefined for anything else.
 *
 * @example parseDigest(' SHA1:2fd4…') // { algorithm: 'sha1', hex: '2fd4…' }
 */
export function parseDigest(text: string): { readonly algorithm: string; readonly hex: string } | undefined {
  const parts = text.split(':')
  if (parts.length !== 2) return undefined
  const algorithm = trimSpace(parts[0] ?? '').toLowerCase()
  const hex = trimSpace(parts[1] ?? '')
  const length = DIGEST_LENGTHS.get(algorithm)
  return length !== undefined && hex.length === length && /^[a-f0-9]+$/.test(hex) ? { algorithm, hex } : undefined
}

const DIGEST_LENGTHS: ReadonlyMap<string, number> = new Map([
  ['sha1', 40],
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
])

/**
 * Go's strings.TrimSpace, which differs from String.trim in U+0085 and U+FEFF.
 *
 * @example trimSpace(' a\n') // 'a'
 */
export function trimSpace(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && SPACE.test(text[from] ?? '')) from++
  while (to > from && SPACE.test(text[to - 1] ?? '')) to--
  return text.slice(from, to)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: Go counts tab to carriage return as space
const SPACE = /[\u0009-\u000d \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

/** Names of results that Chains looks for images in. */
const IMAGE_RESULT = /^IMAGES$|IMAGE_URL$|IMAGE_DIGEST$|ARTIFACT_OUTPUTS$/

interface Pair extends Target {
  readonly prefix: string
}

/** Results joined by what is left of their names without the suffix; the last of one name wins, blank values do not count. */
function pairs(results: readonly HintedResult[], uriSuffix: string, digestSuffix: string): readonly Pair[] {
  const found = new Map<string, { uri: string; digest: string }>()
  for (const { name, value } of results) {
    const suffix = name.endsWith(uriSuffix) ? uriSuffix : name.endsWith(digestSuffix) ? digestSuffix : undefined
    if (suffix === undefined || typeof value !== 'string') continue
    const text = trimSpace(value)
    if (text === '') continue
    const prefix = name.slice(0, name.length - suffix.length)
    const pair = found.get(prefix) ?? { uri: '', digest: '' }
    pair[suffix === uriSuffix ? 'uri' : 'digest'] = text
    found.set(prefix, pair)
  }
  return [...found].map(([prefix, pair]) => ({ prefix, ...pair }))
}

function isMarkedBuildArtifact(result: HintedResult): boolean {
  return (
    result.name.endsWith('ARTIFACT_OUTPUTS') &&
    isObjectValue(result.value) &&
    own(result.value, 'isBuildArtifact') === 'true'
  )
}

function outputTarget(result: HintedResult): Target | undefined {
  if (!isObjectValue(result.value)) return undefined
  const uri = own(result.value, 'uri')
  const digest = own(result.value, 'digest')
  return uri === '' || digest === '' || parseDigest(digest) === undefined ? undefined : { uri, digest }
}

function isObjectValue(value: ParamValue | undefined): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && !Array.isArray(value)
}

function own(object: Readonly<Record<string, string>>, key: string): string {
  return Object.hasOwn(object, key) ? (object[key] ?? '') : ''
}

function describe(value: ParamValue | undefined): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
