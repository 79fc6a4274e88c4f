/** `prov verify --cache`: each artifact is asked for through the cache, and the answers become one report. */
import type { Answer } from '../../../cache/cached-verify.ts'
import { gravest, type ProvError } from '../../../errors.ts'
import type { Artifact } from '../../../model/artifact.ts'
import { limitTo } from '../../../platform/async/limit.ts'
import { failuresOf } from '../../../platform/progress.ts'
import type { Setup } from '../../../setup/backends.ts'
import { verdictCache } from '../../../setup/cache.ts'
import { surroundingsOf, withCluster } from '../../../setup/reach.ts'
import { verdictsOf } from '../../../setup/verdicts.ts'
import type { World } from '../../../setup/world.ts'
import { summaryOf } from '../../../trust/trusted-keys.ts'
import type { VerifyJob, VerifyReport } from '../../../verify/verify.ts'
import type { Kept } from './cache-flag.ts'

export interface CachedJob extends Omit<VerifyJob, 'targets'> {
  /** URL of the cache. */
  readonly cache: string
  /** Each of them is kept by some backend. */
  readonly artifacts: readonly Artifact[]
  readonly setup: Setup
  readonly world: World
}

export interface CachedReport {
  readonly told: VerifyReport
  readonly kept: Kept
  /** Why the cache was of no use, each once. */
  readonly trouble: readonly string[]
}

const AT_ONCE = 32

/**
 * The same report as `verify` gives, from kept verdicts where there are any. Throws what `verdictCache` and `verify` throw.
 *
 * @example (await verifyCached({ cache: 'redis://cache/2', artifacts, setup, trust, demands, signal, world })).kept.cached
 */
export async function verifyCached(job: CachedJob): Promise<CachedReport> {
  const { artifacts, setup, trust, demands, signal, world } = job
  const troubles = new Map<string, ProvError>()
  const events = { counted: () => undefined, failed: (_: string, error: ProvError) => troubles.set(error.code, error) }
  const cache = await verdictCache(job.cache, setup.settings, world, { events })
  const surroundings = await withCluster(surroundingsOf(world.env), setup)
  const verdicts = verdictsOf({ cache, setup, trust, demands, surroundings })
  const limit = limitTo(AT_ONCE)
  const failures = failuresOf()
  let done = 0
  const ask = async (artifact: Artifact): Promise<Answer> => {
    const answer = await verdicts.artifact(artifact, signal)
    for (const row of answer.report.artifacts.flatMap(({ rows }) => rows)) {
      if (row.mark === '!') failures.add(row.backend)
    }
    job.progress?.(++done, artifacts.length, { errors: failures.counts })
    return answer
  }
  let answers: readonly Answer[]
  try {
    answers = await Promise.all(artifacts.map((artifact) => limit(() => ask(artifact))))
  } finally {
    await cache.close()
  }
  return {
    told: { ...joined(answers), trust: summaryOf(trust) },
    kept: {
      cached: answers.some(({ cached }) => cached),
      age: Math.max(0, ...answers.map(({ ageMs }) => Math.round(ageMs))),
    },
    trouble: [...troubles.values()].map(troubleText),
  }
}

function troubleText({ message, hint }: ProvError): string {
  return `the cache was not used: ${message}${hint === undefined ? '' : ` (${hint})`}`
}

function joined(answers: readonly Answer[]): Omit<VerifyReport, 'trust'> {
  const artifacts = answers.flatMap(({ report }) => report.artifacts)
  const others = answers.flatMap(({ report }) => report.otherKey ?? [])
  // As over all copies at once: all name one key, and none verifies.
  const isOne = new Set(others.map(({ keyid }) => keyid)).size === 1
  const verifies = artifacts.some(({ rows }) => rows.some(({ mark }) => mark === '=' || mark === '~' || mark === '*'))
  const [otherKey] = isOne && !verifies ? others : []
  return {
    ...(otherKey === undefined ? {} : { otherKey }),
    exit: gravest(artifacts.map(({ exit }) => exit)),
    artifacts,
    findings: artifacts.flatMap(({ findings }) => findings),
  }
}
