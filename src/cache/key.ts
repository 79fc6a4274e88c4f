/** The key of a kept verdict: everything that the verdict depends on, beside what the stores hold. Pure. */
import { createHash } from 'node:crypto'
import type { Artifact, RunArtifact } from '../model/artifact.ts'
import { canonical, type Json } from '../model/canonical.ts'

/** Of every key; what is kept under another beginning is nothing of this version. */
export const KEY_BEGINS = 'prov:v1:verdict'

export interface KeyParts {
  /** Tells several caches in one place apart; a new one drops all that was kept. Letters, digits, `.`, `_` and `-`. */
  readonly namespace: string
  /** The following: sha256 in hex, with or without `sha256:` before it. */
  readonly digest: string
  /** What was asked for. */
  readonly policy: string
  /** Of the trust. */
  readonly keys: string
  /** Which backends, and where they are. */
  readonly backends: string
}

/** @example verdictKey({ namespace: 'prov', digest, policy, keys, backends }) // 'prov:v1:verdict:prov:09e7…:…:…:…' */
export function verdictKey({ namespace, digest, policy, keys, backends }: KeyParts): string {
  const hashes = [digest, policy, keys, backends].map((hash) => hash.replace(/^sha256:/, ''))
  return [KEY_BEGINS, namespace, ...hashes].join(':')
}

/**
 * The digest of an artifact, in hex: an image's own; of a run's object with those of its children; of a Statement's bytes. No tag has a part
 * in it.
 *
 * @example digestOf({ type: 'image', image }) // '09e72cd4668214dc…'
 */
export function digestOf(artifact: Artifact): string {
  switch (artifact.type) {
    case 'image':
      return artifact.image.digest.replace(/^sha256:/, '')
    case 'run':
      return hashOf(runJson(artifact))
    case 'statement':
      return createHash('sha256').update(artifact.payload).digest('hex')
  }
}

function runJson({ object, children, uid }: RunArtifact): Json {
  return { uid, object: object as Json, children: children.map(runJson) }
}

/**
 * sha256 in hex of what a value means, whatever the order of its members; what is `undefined` is left out.
 *
 * @example hashOf({ b: 1, a: 2 }) === hashOf({ a: 2, b: 1 }) // true
 */
export function hashOf(value: Json): string {
  return createHash('sha256')
    .update(canonical(JSON.parse(JSON.stringify(value)) as Json))
    .digest('hex')
}
