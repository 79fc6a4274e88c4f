/** Verdicts through a cache: from an artifact, a set-up, a trust and demands to what is asked of it, and to an answer. */

import { judgedOf } from '../cache/answered.ts'
import type { Answer } from '../cache/cached-verify.ts'
import type { Judge } from '../cache/judged.ts'
import { digestOf, hashOf, verdictKey } from '../cache/key.ts'
import { asProvError, ProvError } from '../errors.ts'
import { type Artifact, artifactName, artifactUri } from '../model/artifact.ts'
import { boundedMap } from '../platform/async/bounded-map.ts'
import type { Trust } from '../trust/trust.ts'
import type { Demands } from '../verify/verdict.ts'
import { type VerifyReport, type VerifyTarget, verify } from '../verify/verify.ts'
import { VERSION } from '../version.ts'
import type { Setup } from './backends.ts'
import type { VerdictCache } from './cache.ts'
import { policyFor } from './policy.ts'
import { reachOf, type Surroundings } from './reach.ts'
import { targetsOf } from './targets.ts'

/** What verdicts are made from. */
export interface VerdictsOptions {
  readonly cache: VerdictCache
  readonly setup: Setup
  readonly trust: Trust
  readonly demands: Demands
  readonly surroundings: Surroundings
  /** What each verification that is really made goes through, such as a queue; absent: it begins at once. */
  readonly turn?: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>
}

interface Asked {
  readonly targets: readonly VerifyTarget[]
  readonly key: string
}

const MOST_IMAGES = 1000

export interface Verdicts extends Judge {
  /**
   * The verdict on an artifact, kept or fresh; see `ask` of cached-verify.ts. Throws `input_empty` for one that no backend is to keep.
   */
  artifact(artifact: Artifact, signal: AbortSignal): Promise<Answer>
}

/**
 * With another trust or other demands other verdicts are found: a service makes these anew when its files change, over the same cache.
 *
 * @example (await verdictsOf({ cache, setup, trust, demands, surroundings }).image(image, signal)).cached // true
 */
export function verdictsOf({ cache, setup, trust, demands, surroundings, turn }: VerdictsOptions): Verdicts {
  const policy = policyFor(setup, demands, trust).hash
  const by = { policy, keys: trust.hash }
  const reach = reachOf(setup, surroundings)

  function keyOf(artifact: Artifact, targets: readonly VerifyTarget[]): string {
    const asked = {
      version: VERSION,
      policy,
      records: demands.records ?? [],
      limits: reach.limits,
      name: artifactName(artifact),
      uri: artifactUri(artifact),
      run: artifact.type === 'image' && artifact.run !== undefined ? digestOf(artifact.run) : '',
      source: sourceOf(artifact),
      targets: targets.map(targetJson),
    }
    const hashes = { policy: hashOf(asked), keys: trust.hash, backends: reach.hash }
    return verdictKey({ namespace: cache.namespace, digest: digestOf(artifact), ...hashes })
  }

  /** What an image is asked for as: the same each time, and a service is asked for few images often. */
  const images = boundedMap<string, Asked>(MOST_IMAGES)

  function asked(artifact: Artifact): Asked {
    if (artifact.type !== 'image' || artifact.run !== undefined) return askedOf(artifact)
    const name = `${artifact.image.repository}@${artifact.image.digest}`
    const known = images.get(name) ?? askedOf(artifact)
    images.set(name, known)
    return known
  }

  function askedOf(artifact: Artifact): Asked {
    const targets = targetsOf(artifact, setup)
    return { targets, key: keyOf(artifact, targets) }
  }

  async function judge(artifact: Artifact, signal: AbortSignal): Promise<Answer> {
    const { targets, key } = asked(artifact)
    const verifyNow = (own: AbortSignal): Promise<VerifyReport> => verify({ targets, trust, demands, signal: own })
    try {
      const inTurn = (own: AbortSignal) => (turn === undefined ? verifyNow(own) : turn(() => verifyNow(own), own))
      return await cache.ask({ key, verify: inTurn }, signal)
    } catch (thrown) {
      if (!signal.aborted || asProvError(thrown).code !== 'aborted') throw thrown
      // As without a cache: a report that says of each backend that it was not looked at.
      return { report: await verifyNow(signal), cached: false, ageMs: 0 }
    }
  }

  return {
    artifact: judge,
    async image(image, signal) {
      const answer = await judge({ type: 'image', image }, signal)
      if (signal.aborted) throw new ProvError('aborted', 'stopped before it was done')
      return judgedOf(answer, by)
    },
  }
}

/** Where a run was read: the places of its copies are named after it. */
function sourceOf(artifact: Artifact) {
  const run = artifact.type === 'image' ? artifact.run : artifact.type === 'run' ? artifact : undefined
  return { ...run?.source }
}

function targetJson({ about, backends, required, mayBeAbsent }: VerifyTarget) {
  const { kind, subjects, format = '', role = '' } = about
  return {
    about: { kind, format, role, subjects: subjects.map(({ name, digest }) => ({ name, digest: { ...digest } })) },
    backends: backends.map(({ name }) => ({ name, required: [...required(name)] })),
    mayBeAbsent,
  }
}
