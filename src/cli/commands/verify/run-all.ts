/** The work of `prov verify --all`: whole backends against each other, one artifact after the other, with flat memory. */

import type { Backend } from '../../../backend/backend.ts'
import type { Reading } from '../../../copies/read-copies.ts'
import { ERRORS, gravest, ProvError } from '../../../errors.ts'
import { formatNamed } from '../../../formats/index.ts'
import { steadyMemory } from '../../../platform/async/limit-heap-growth.ts'
import { pool } from '../../../platform/async/stream-pool.ts'
import { exitStatus, type Io, write } from '../../../platform/io.ts'
import { failuresOf, reporter } from '../../../platform/progress.ts'
import { jsonLine } from '../../../platform/text/json-text.ts'
import { NO_TOTALS, withArtifact } from '../../../report/forms/form.ts'
import type { Reports } from '../../../report/forms/open.ts'
import { attentionOf } from '../../../report/text/attention.ts'
import { curesOf, nextText } from '../../../report/text/next-step.ts'
import {
  artifactText,
  quietText,
  type Stopped,
  stoppedText,
  surveyText,
  verifyTally,
} from '../../../report/text/survey-text.ts'
import type { Setup } from '../../../setup/backends.ts'
import { isBlind, refuseBlind } from '../../../setup/refuse-blind.ts'
import { surveyOf } from '../../../setup/whole-backends.ts'
import type { Trust } from '../../../trust/trust.ts'
import { summaryOf } from '../../../trust/trusted-keys.ts'
import { keyWatch, otherKeyText } from '../../../verify/other-key.ts'
import type { Surveyed } from '../../../verify/survey.ts'
import { type Demands, verdictOf } from '../../../verify/verdict.ts'
import { type VerifiedArtifact, verifyOne } from '../../../verify/verify.ts'
import { VERSION } from '../../../version.ts'
import { givenOf } from '../../given.ts'
import { layoutOf } from '../../terminal.ts'
import { worldOf } from '../../world.ts'
import type { VerifyOptions } from './flags.ts'

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
  const { setup, trust, demands, reports, io } = scene
  if (inputs.length + options.image.length + options.statement.length > 0) {
    throw new ProvError('usage', '--all takes no INPUT: it verifies whatever the backends hold')
  }
  refuseBlind(setup.backends, demands.optional)
  const share = shareOf(options.sample)
  const layout = layoutOf(io)
  const tally = verifyTally()
  const progress = reporter(io, 'verified', options)
  const places = { listed: 0, found: 0, visited: 0 }
  const surveyed = surveyOf(options, setup, trust, worldOf(io, options), share, {
    listed: () => places.listed++,
    found: () => places.found++,
    visited: () => places.visited++,
  })
  const watch = keyWatch()
  const cures = curesOf()
  const named = setup.backends.map(({ name }) => name)
  const rests = summaryOf(trust)
  const seen = attentionOf({ backends: named, trust: rests, demands, atHand: false, wide: options.wide === true })
  let totals = NO_TOTALS
  const rows = options.quiet === true || options.verbose === true || options.show === 'all'
  const judged = pool(surveyed, options.concurrency, (one) => {
    if (one.about !== undefined) watch.see(one.readings)
    return verifySurveyed(one, scene)
  })
  const failures = failuresOf()
  let stopped: 'end' | 'failed' | 'aborted' = 'end'
  try {
    for await (const one of judged) {
      // What was being looked at when it was stopped was not looked at to the end.
      if (io.signal.aborted) break
      tally.add(one)
      cures.add(one)
      seen.add(one)
      totals = withArtifact(totals, one)
      for (const { backend, mark } of one.rows) if (mark === '!') failures.add(backend)
      await reports?.artifact(one)
      progress.update(tally.artifacts(), undefined, { errors: failures.counts })
      if (options.json === true) await write(io.stdout, jsonLine(one))
      else if (reports?.onStdout !== true && rows && (options.quiet !== true || one.exit !== 0)) {
        await write(io.stdout, artifactText(one, layout, options.quiet === true))
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
  const isNothing = counted.exit === 0 && (places.listed === 0 || (counted.artifacts === 0 && !isPart))
  const worst = gravest([
    counted.exit,
    stopped === 'aborted' ? ERRORS.aborted.exit : 0,
    isNothing ? ERRORS.nothing_verified.exit : 0,
  ])
  const exit = exitStatus(worst, io)
  await reports?.end({ exit, notes: isPart ? ['this is a part of the whole'] : [] })
  const otherKey = watch.found(trust)
  const summary = {
    ...counted,
    exit,
    complete: stopped === 'end',
    whole: !isPart,
    ...(otherKey === undefined ? {} : { otherKey }),
    ...(stopped === 'aborted' ? { stopped: stoppedAt(counted.artifacts, places) } : {}),
  }
  const next = cures.step(givenOf(inputs, options, named), summary)
  if (options.json === true) {
    const said = {
      command: 'verify',
      version: VERSION,
      all: true,
      ...summary,
      totals,
      ...(next === undefined ? {} : { next: next.text }),
    }
    await write(io.stdout, jsonLine({ ...said, trust: rests }))
  } else if (reports?.onStdout !== true) {
    const notes = [
      ...(otherKey === undefined ? [] : [otherKeyText(otherKey)]),
      ...(summary.stopped === undefined ? [] : [stoppedText(summary.stopped)]),
      ...(isPart ? ['this is a part of the whole'] : []),
    ]
    const end = rows ? surveyText(summary, layout) : seen.text({ exit, notes }, layout)
    await write(io.stdout, options.quiet === true ? quietText(summary, layout) : end + nextText(next, layout))
  }
  return exit
}

function stoppedAt(checked: number, places: { readonly found: number; readonly visited: number }): Stopped {
  return { checked, found: places.found, notChecked: places.found - places.visited }
}

async function verifySurveyed(one: Surveyed, { setup, trust, demands, io }: Scene): Promise<VerifiedArtifact> {
  const { backends, formatNamed: named } = setup
  if (one.about !== undefined) {
    const { about, readings } = one
    const required = (backend: string): readonly string[] =>
      named && about.artifact.type === 'run' ? [formatNamed(setup.formatFor(about.artifact, backend)).name] : []
    const seen =
      about.artifact.type === 'statement' ? readings : readings.map((reading) => orNotLooked(reading, backends))
    return verifyOne({ about, backends, required, readings: seen }, { trust, demands, signal: io.signal })
  }
  const { backend, slot } = one
  const error = { ...one.error, backend }
  const isUnread = one.unlisted === true || ERRORS[error.code].exit === ERRORS.unreachable.exit
  const mark = isUnread ? ('!' as const) : ('#' as const)
  const agreement = { rows: [{ backend, slot: slot.key, mark, error }], strangers: [], references: [] }
  const type = slot.kind === 'raw' ? ('image' as const) : ('statement' as const)
  const names = { artifact: slot.key, uri: `prov:place/${encodeURIComponent(slot.key)}`, subjects: [] }
  const isForgiven = one.unlisted === true && demands.optional.includes(backend)
  const verdict = isForgiven ? { exit: 0, findings: [], holding: [] } : verdictOf(agreement, demands)
  return { ...names, type, kind: slot.kind, ...agreement, ...verdict }
}

/** A backend without a place for the artifact keeps no such thing, unless it keeps it on runs that nobody has looked at. */
function orNotLooked(reading: Reading, backends: readonly Backend[]): Reading {
  const { backend, slot, sendTo, error } = reading
  if (slot !== undefined || sendTo !== undefined || error !== undefined) return reading
  if (!backends.some((one) => one.name === backend && isBlind(one))) return reading
  const message = `${backend} cannot list what it holds here, so nobody looked`
  return { backend, error: { code: 'not_looked', message, hint: `--all looks there with --${backend}-file` } }
}

/** `5` and `5%` are five in a hundred. */
function shareOf(sample: string | undefined): number {
  if (sample === undefined) return 1
  const [, percent] = /^([0-9]{1,3}(?:\.[0-9]{1,6})?)%?$/.exec(sample) ?? []
  const share = Number(percent) / 100
  if (percent !== undefined && share > 0 && share <= 1) return share
  throw new ProvError('usage', `${JSON.stringify(sample.slice(0, 20))} is not a percentage from 0 to 100`, {
    hint: 'use --sample 5% for five places in a hundred, chosen by chance',
  })
}
