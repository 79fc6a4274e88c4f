/** prov verify: read every copy, verify each, compare, settle. A function of artifacts, trust and backends; it writes nothing. */

import type { About, Backend } from '../backend/backend.ts'
import { type Reading, readCopies } from '../copies/read-copies.ts'
import { type ErrorJson, gravest, ProvError } from '../errors.ts'
import { type Artifact, artifactName, artifactUri, type Subject } from '../model/artifact.ts'
import { limitTo } from '../platform/async/limit.ts'
import { failuresOf, type ProgressUpdate } from '../platform/progress.ts'
import { type Built, builtOf } from '../provenance/built.ts'
import type { Trust, TrustSummary } from '../trust/trust.ts'
import { summaryOf } from '../trust/trusted-keys.ts'
import { type Agreement, agree } from './agree.ts'
import { keyWatch, type OtherKey } from './other-key.ts'
import { type RestsOn, restsOn } from './rests-on.ts'
import { type Demands, verdictOf } from './verdict.ts'

export interface VerifyTarget {
  readonly about: About
  /** In the order of --storage, which decides the reference. */
  readonly backends: readonly Backend[]
  /** Formats of which a copy must be there, per backend; [] takes what is found. */
  readonly required: (backend: string) => readonly string[]
  /** Nothing found at all is not a finding: one of several kinds that an image alone may have. */
  readonly mayBeAbsent: boolean
}

export interface VerifyJob {
  readonly targets: readonly VerifyTarget[]
  readonly trust: Trust
  readonly demands: Demands
  readonly signal: AbortSignal
  /** Called as artifacts are settled; for progress only. */
  readonly progress?: ProgressUpdate
}

export interface VerifiedArtifact extends Agreement, RestsOn {
  readonly artifact: string
  readonly type: Artifact['type']
  readonly kind: About['kind']
  /** Names the artifact for programs; unlike `artifact` it has one spelling for good. */
  readonly uri: string
  /** What the artifact is about, with digests; [] for a run that made nothing. */
  readonly subjects: readonly Subject[]
  /** Builder and source, as the first copy that verifies states them. */
  readonly built?: Built
  readonly exit: number
  readonly findings: readonly ErrorJson[]
  readonly holding: readonly string[]
}

export interface VerifyReport {
  readonly exit: number
  readonly artifacts: readonly VerifiedArtifact[]
  readonly findings: readonly ErrorJson[]
  /** No copy verified, and all that name a key name one that was not given. */
  readonly otherKey?: OtherKey
  /** What the verdict rests on; its hash is stable. */
  readonly trust: TrustSummary
}

const AT_ONCE = 64

/**
 * The verdict over every target, in their order. Never throws for what a backend does; throws `input_empty` for an empty list of
 * targets, since nothing checked is never success.
 *
 * @example const report = await verify(job); process.exitCode = report.exit
 */
export async function verify(job: VerifyJob): Promise<VerifyReport> {
  if (job.targets.length === 0) {
    throw new ProvError('input_empty', 'there is nothing in the input to verify', {
      hint: 'prov payload shows what an input gives; --format and the configuration narrow it',
    })
  }
  const limit = limitTo(AT_ONCE)
  let done = 0
  const failures = failuresOf()
  const watch = keyWatch()
  const judged = await Promise.all(
    job.targets.map((target) =>
      limit(async () => {
        const { about, backends } = target
        const readings = await readCopies(about, backends, job.trust, { signal: job.signal })
        watch.see(readings)
        const one = await verifyOne({ ...target, readings }, job)
        for (const row of one.rows) if (row.mark === '!') failures.add(row.backend)
        job.progress?.(++done, job.targets.length, { errors: failures.counts })
        return one
      }),
    ),
  )
  const artifacts = judged.filter((one, i) => job.targets[i]?.mayBeAbsent !== true || isTelling(one, judged))
  const otherKey = watch.found(job.trust)
  return {
    ...(otherKey === undefined ? {} : { otherKey }),
    exit: gravest(artifacts.map((one) => one.exit)),
    artifacts,
    findings: artifacts.flatMap((one) => one.findings),
    trust: summaryOf(job.trust),
  }
}

/**
 * The verdict over one target, whose copies may have been looked for already. Never throws for what a backend does.
 *
 * @example (await verifyOne(target, { trust, demands, signal })).exit // 0
 */
export async function verifyOne(
  {
    about,
    backends,
    required,
    readings,
  }: Omit<VerifyTarget, 'mayBeAbsent'> & { readonly readings?: readonly Reading[] },
  job: Pick<VerifyJob, 'trust' | 'demands' | 'signal'>,
): Promise<VerifiedArtifact> {
  const seen = readings ?? (await readCopies(about, backends, job.trust, { signal: job.signal }))
  const agreement = agree(about, seen, required)
  return {
    artifact: artifactName(about.artifact),
    type: about.artifact.type,
    kind: about.kind,
    uri: artifactUri(about.artifact),
    subjects: about.subjects,
    ...statedBy(seen),
    ...restsOn(seen),
    ...agreement,
    ...verdictOf(agreement, job.demands),
  }
}

/** For readers alone: no verdict rests on it. */
function statedBy(readings: readonly Reading[]): { readonly built?: Built } {
  const first = readings.flatMap((reading) => reading.judged?.good ?? [])[0]
  const built = first?.found.entry.kind === 'dsse' ? builtOf(first.found.entry.payload) : undefined
  return built === undefined ? {} : { built }
}

/** An image alone may lack one kind of entry; of an image that lacks every kind, the first speaks for all. */
function isTelling(one: VerifiedArtifact, all: readonly VerifiedArtifact[]): boolean {
  const same = all.filter((other) => other.artifact === one.artifact)
  const found = same.filter((other) => !other.rows.every((row) => row.mark === '+' || row.mark === 'x'))
  return found.length > 0 ? found.includes(one) : same[0] === one
}
