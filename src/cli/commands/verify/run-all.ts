/** The work of `prov verify --all`: whole backends against each other, one artifact after the other, with flat memory. */
import { ERRORS, gravest, ProvError } from '../../../errors.ts'
import { formatNamed } from '../../../formats/index.ts'
import { steadyMemory } from '../../../platform/async/limit-heap-growth.ts'
import { pool } from '../../../platform/async/stream-pool.ts'
import { exitOf, type Io, write } from '../../../platform/io.ts'
import { failuresOf, reporter } from '../../../platform/progress.ts'
import { plainJson } from '../../../platform/text/escape-control.ts'
import type { Reports } from '../../../report/forms/open.ts'
import { artifactText, surveyText, verifyTally } from '../../../report/text/survey-text.ts'
import type { Trust } from '../../../trust/trusted-keys.ts'
import type { Surveyed } from '../../../verify/survey.ts'
import { type Demands, settle } from '../../../verify/verdict.ts'
import { type VerifiedArtifact, verifyOne } from '../../../verify/verify.ts'
import { VERSION } from '../../../version.ts'
import type { Setup } from '../../setup.ts'
import { layoutOf } from '../../terminal.ts'
import { surveyOf } from '../../whole.ts'
import type { VerifyOptions } from './command.ts'

/** What `prov verify` has made ready. */
interface Scene {
  readonly setup: Setup
  readonly trust: Trust
  readonly demands: Demands
  readonly reports: Reports | undefined
  readonly io: Io
}

/** Runs the command over everything that the backends hold, and gives its exit status. */
export async function runVerifyAll(inputs: readonly string[], options: VerifyOptions, scene: Scene): Promise<number> {
  steadyMemory()
  const { setup, trust, reports, io } = scene
  if (inputs.length + options.image.length + options.statement.length > 0) {
    throw new ProvError('usage', '--all takes no INPUT: it verifies whatever the backends hold')
  }
  const share = shareOf(options.sample)
  const layout = layoutOf(io)
  const tally = verifyTally()
  const progress = reporter(io, 'verified', options)
  let places = 0
  const surveyed = surveyOf(options, setup, trust, io, share, () => {
    places++
  })
  const judged = pool(surveyed, options.concurrency, (one) => verifySurveyed(one, scene))
  const failures = failuresOf()
  let stopped: 'end' | 'failed' | 'aborted' = 'end'
  try {
    for await (const one of judged) {
      // What was being looked at when it was stopped was not looked at to the end.
      if (io.signal.aborted) break
      tally.add(one)
      for (const { backend, mark } of one.rows) if (mark === '!') failures.add(backend)
      await reports?.artifact(one)
      progress.update(tally.artifacts(), undefined, { errors: failures.counts })
      if (options.json === true) await write(io.stdout, `${plainJson(JSON.stringify(one))}\n`)
      else if (reports?.onStdout !== true && (options.verbose === true || one.exit !== 0 || one.strangers.length > 0)) {
        await write(io.stdout, artifactText(one, layout))
      }
      if (options.failFast !== true || one.exit === 0) continue
      stopped = 'failed'
      break
    }
  } catch (thrown) {
    if (!io.signal.aborted) throw thrown
  } finally {
    progress.end()
  }
  if (io.signal.aborted) stopped = 'aborted'
  const counted = tally.summary()
  const isPart = options.shard !== undefined || share < 1 || stopped !== 'end'
  // A part may have come out empty; where there is nothing to take a part of, nothing is proven.
  const isNothing = counted.exit === 0 && (places === 0 || (counted.artifacts === 0 && !isPart))
  const worst = gravest([
    counted.exit,
    stopped === 'aborted' ? ERRORS.aborted.exit : 0,
    isNothing ? ERRORS.nothing_verified.exit : 0,
  ])
  const exit = exitOf(worst, io)
  await reports?.end({ exit, notes: isPart ? ['this is a part of the whole'] : [] })
  const summary = { ...counted, exit, complete: stopped === 'end', whole: !isPart }
  if (options.json === true) {
    const said = { command: 'verify', version: VERSION, all: true, ...summary }
    const keys = { hash: trust.hash, keyids: trust.keys.map((key) => key.keyid) }
    await write(io.stdout, `${plainJson(JSON.stringify({ ...said, trust: keys }))}\n`)
  } else if (reports?.onStdout !== true && (options.quiet !== true || exit !== 0)) {
    await write(io.stdout, surveyText(summary, layout))
  }
  return exit
}

async function verifySurveyed(one: Surveyed, { setup, trust, demands, io }: Scene): Promise<VerifiedArtifact> {
  const { backends, formatNamed: named } = setup
  if (one.about !== undefined) {
    const { about, looks } = one
    const required = (backend: string): readonly string[] =>
      named && about.artifact.type === 'run' ? [formatNamed(setup.formatFor(about.artifact, backend)).name] : []
    return verifyOne({ about, backends, required, looks }, { trust, demands, signal: io.signal })
  }
  const { backend, slot } = one
  const error = { ...one.error, backend }
  const mark = ERRORS[error.code].exit === ERRORS.unreachable.exit ? ('!' as const) : ('#' as const)
  const agreement = { rows: [{ backend, slot: slot.key, mark, error }], strangers: [], references: [] }
  const type = slot.kind === 'raw' ? ('image' as const) : ('statement' as const)
  const names = { artifact: slot.key, uri: `prov:place/${encodeURIComponent(slot.key)}`, subjects: [] }
  const isForgiven = one.unlisted === true && demands.optional.includes(backend)
  const verdict = isForgiven ? { exit: 0, findings: [], holding: [] } : settle(agreement, demands)
  return { ...names, type, kind: slot.kind, ...agreement, ...verdict }
}

/** `5` and `5%` are five in a hundred. */
function shareOf(sample: string | undefined): number {
  if (sample === undefined) return 1
  const [, percent] = /^([0-9]{1,3}(?:\.[0-9]{1,6})?)%?$/.exec(sample) ?? []
  const share = Number(percent) / 100
  if (percent !== undefined && share > 0 && share <= 1) return share
  throw new ProvError('usage', `${JSON.stringify(sample.slice(0, 20))} is no share of the whole`, {
    hint: 'use --sample 5% for five places in a hundred, chosen by chance',
  })
}
