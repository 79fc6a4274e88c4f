/** prov verify: read every copy, verify each, compare, settle. A function of artifacts, trust and backends; it writes nothing. */
import pLimit from 'p-limit'
import { type Agreement, agree } from './agree.ts'
import { type Artifact, artifactName } from './artifact.ts'
import type { About, Backend } from './backend.ts'
import { type ErrorJson, gravest } from './errors.ts'
import { type LookOptions, lookFor } from './look.ts'
import { type Demands, settle } from './settle.ts'
import type { Trust } from './trust.ts'

export interface VerifyTarget {
  readonly about: About
  /** In the order of --storage, which decides the reference. */
  readonly backends: readonly Backend[]
  /** Formats of which a copy must be there, per backend; [] takes what is found. */
  readonly required: (backend: string) => readonly string[]
  /** Nothing found at all is no finding: one of several kinds that an image alone may have. */
  readonly mayBeAbsent: boolean
}

export interface VerifyJob {
  readonly targets: readonly VerifyTarget[]
  readonly trust: Trust
  readonly demands: Demands
  readonly signal: AbortSignal
  /** Called as artifacts are settled; for progress only. */
  readonly progress?: (done: number, total: number) => void
}

export interface VerifiedArtifact extends Agreement {
  readonly artifact: string
  readonly type: Artifact['type']
  readonly kind: About['kind']
  readonly exit: number
  readonly findings: readonly ErrorJson[]
  readonly holding: readonly string[]
}

export interface VerifyReport {
  readonly exit: number
  readonly artifacts: readonly VerifiedArtifact[]
  readonly findings: readonly ErrorJson[]
  /** Stable hash of the keys that the verdict rests on. */
  readonly trust: { readonly hash: string; readonly keyids: readonly string[] }
}

const AT_ONCE = 64

/**
 * The verdict over every target, in their order. Never throws for what a backend does.
 *
 * @example const report = await verify(job); process.exitCode = report.exit
 */
export async function verify(job: VerifyJob): Promise<VerifyReport> {
  const limit = pLimit(AT_ONCE)
  let done = 0
  const judged = await Promise.all(
    job.targets.map((target) =>
      limit(async () => {
        const one = await verifyOne(target, job)
        job.progress?.(++done, job.targets.length)
        return one
      }),
    ),
  )
  const artifacts = judged.filter((one, i) => job.targets[i]?.mayBeAbsent !== true || isTelling(one, judged))
  return {
    exit: gravest(artifacts.map((one) => one.exit)),
    artifacts,
    findings: artifacts.flatMap((one) => one.findings),
    trust: { hash: job.trust.hash, keyids: job.trust.keys.map((key) => key.keyid) },
  }
}

/**
 * The verdict over one target. Never throws for what a backend does.
 *
 * @example (await verifyOne(target, { trust, demands, signal })).exit // 0
 */
export async function verifyOne(
  { about, backends, required }: Omit<VerifyTarget, 'mayBeAbsent'>,
  job: Pick<VerifyJob, 'trust' | 'demands' | 'signal'> & Pick<LookOptions, 'seen'>,
): Promise<VerifiedArtifact> {
  const looks = await lookFor(about, backends, job.trust, job)
  const agreement = agree(about, looks, required)
  return {
    artifact: artifactName(about.artifact),
    type: about.artifact.type,
    kind: about.kind,
    ...agreement,
    ...settle(agreement, job.demands),
  }
}

/** An image alone may lack one kind of entry; of an image that lacks every kind, the first speaks for all. */
function isTelling(one: VerifiedArtifact, all: readonly VerifiedArtifact[]): boolean {
  const same = all.filter((other) => other.artifact === one.artifact)
  const found = same.filter((other) => !other.rows.every((row) => row.mark === '+' || row.mark === 'x'))
  return found.length > 0 ? found.includes(one) : same[0] === one
}
