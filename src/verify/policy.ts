/** What a verdict was asked for, as bytes with a hash: two verdicts under one hash answer the same question. Pure. */

import { sha256Hex } from '../model/entry.ts'
import type { Trust } from '../trust/trust.ts'
import type { Demands } from './verdict.ts'

/** What a policy is made of. */
export interface PolicyParts {
  /** In the order in which they were named. */
  readonly backends: readonly string[]
  readonly demands: Demands
  readonly trust: Pick<Trust, 'hash'>
  /** Obligatory formats of a run's provenance, by backend; absent: every SLSA provenance of the run counts. */
  readonly formats?: Readonly<Record<string, readonly string[]>>
  /** Formats in which each backend keeps the signatures of images, by backend. */
  readonly imageFormats: Readonly<Record<string, readonly string[]>>
}

export interface Policy {
  /** JSON text. */
  readonly content: string
  /** `sha256:<hex>` of it. */
  readonly hash: string
}

/** What an entry may be asked to be: provenance of a run, signature of an image, what is said about an image, a Statement as it is. */
const ROLES = ['provenance', 'signature', 'attestation', 'statement'] as const

/**
 * The policy of these demands, keys, backends, formats and roles.
 *
 * @example policyOf({ backends: ['oci'], demands, trust, imageFormats: { oci: ['simplesigning'] } }).hash // 'sha256:…'
 */
export function policyOf({ backends, demands, trust, formats, imageFormats }: PolicyParts): Policy {
  const { optional, require, strict } = demands
  const content = JSON.stringify({
    backends,
    optional,
    require: require ?? null,
    strict,
    trust: trust.hash,
    formats: formats === undefined ? null : sorted(formats),
    imageFormats: sorted(imageFormats),
    roles: ROLES,
  })
  return { content, hash: `sha256:${sha256Hex(Buffer.from(content))}` }
}

function sorted(byName: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(byName).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
