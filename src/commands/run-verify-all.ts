/** The work of `prov verify --all`: whole backends against each other, one artifact after the other, with flat memory. */
import { ERRORS, gravest, ProvError } from '../errors.ts'
import { formatNamed } from '../formats/index.ts'
import { type Io, write } from '../io.ts'
import { pool } from '../pool.ts'
import { reporter } from '../progress.ts'
import { type Demands, settle } from '../settle.ts'
import type { Surveyed } from '../survey.ts'
import type { Trust } from '../trust.ts'
import { type VerifiedArtifact, verifyOne } from '../verify.ts'
import { artifactText, surveyText, verifyTally } from '../verify-tally.ts'
import { VERSION } from '../version.ts'
import { layoutOf } from './layout.ts'
import type { Setup } from './setup.ts'
import type { VerifyOptions } from './verify.ts'
import { surveyOf } from './whole.ts'

/** Runs the command over everything that the backends hold, and gives its exit status. */
export async function runVerifyAll(
  inputs: readonly string[],
  options: VerifyOptions,
  setup: Setup,
  trust: Trust,
  demands: Demands,
  io: Io,
): Promise<number> {
  if (inputs.length + options.image.length + options.statement.length > 0) {
    throw new ProvError('usage', '--all takes no INPUT: it verifies whatever the backends hold')
  }
  const share = shareOf(options.sample)
  const layout = layoutOf(io)
  const tally = verifyTally()
  const progress = reporter(io, 'verified', options)
  const judged = pool(surveyOf(options, setup, trust, io, share), options.concurrency, (one) =>
    verifySurveyed(one, setup, trust, demands, io),
  )
  let stopped: 'end' | 'failed' | 'aborted' = 'end'
  try {
    for await (const one of judged) {
      tally.add(one)
      progress.update(tally.artifacts(), undefined)
      if (options.json === true) await write(io.stdout, `${JSON.stringify(one)}\n`)
      else if (options.verbose === true || one.exit !== 0 || one.strangers.length > 0) {
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
  const exit = gravest([
    counted.exit,
    stopped === 'aborted' ? ERRORS.aborted.exit : 0,
    counted.artifacts === 0 && !isPart ? ERRORS.nothing_verified.exit : 0,
  ])
  const summary = { ...counted, exit, complete: stopped === 'end', whole: !isPart }
  if (options.json === true) {
    const said = { command: 'verify', version: VERSION, all: true, ...summary }
    const keys = { hash: trust.hash, keyids: trust.keys.map((key) => key.keyid) }
    await write(io.stdout, `${JSON.stringify({ ...said, trust: keys })}\n`)
  } else if (options.quiet !== true || exit !== 0) {
    await write(io.stdout, surveyText(summary, layout))
  }
  return exit
}

async function verifySurveyed(
  one: Surveyed,
  setup: Setup,
  trust: Trust,
  demands: Demands,
  io: Io,
): Promise<VerifiedArtifact> {
  const { backends, formatNamed: named } = setup
  if (one.about !== undefined) {
    const { about } = one
    const required = (backend: string): readonly string[] =>
      named && about.artifact.type === 'run' ? [formatNamed(setup.formatFor(about.artifact, backend)).name] : []
    const seen = one.seen === undefined ? {} : { seen: one.seen }
    return verifyOne({ about, backends, required }, { trust, demands, signal: io.signal, ...seen })
  }
  const { backend, slot } = one
  const error = { ...one.error, backend }
  const mark = ERRORS[error.code].exit === ERRORS.unreachable.exit ? ('!' as const) : ('#' as const)
  const agreement = { rows: [{ backend, slot: slot.key, mark, error }], strangers: [], references: [] }
  const type = slot.kind === 'raw' ? ('image' as const) : ('statement' as const)
  return { artifact: slot.key, type, kind: slot.kind, ...agreement, ...settle(agreement, demands) }
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
