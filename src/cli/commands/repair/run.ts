/** The work of `prov repair`. */

import type { About, Backend } from '../../../backend/backend.ts'
import { refuseUnsupported } from '../../../config/unsupported-settings.ts'
import type { Reading } from '../../../copies/read-copies.ts'
import { ERRORS, type ErrorJson, gravest, ProvError } from '../../../errors.ts'
import { steadyMemory } from '../../../platform/async/limit-heap-growth.ts'
import { orderedPool } from '../../../platform/async/ordered-pool.ts'
import { exitStatus, type Io, write } from '../../../platform/io.ts'
import { reporter } from '../../../platform/progress.ts'
import { jsonLine } from '../../../platform/text/json-text.ts'
import { type Repaired, repair } from '../../../repair/repair.ts'
import { inputLine } from '../../../report/text/input-text.ts'
import { nextText } from '../../../report/text/next-step.ts'
import { repairedText, repairStep, repairSummaryText, repairTally } from '../../../report/text/repair-text.ts'
import { artifactsOf, type NamedArtifacts } from '../../../setup/artifacts.ts'
import { type Setup, setUp } from '../../../setup/backends.ts'
import { trustFor } from '../../../setup/keys.ts'
import { refuseBlind } from '../../../setup/refuse-blind.ts'
import { targetsOf } from '../../../setup/targets.ts'
import { surveyOf } from '../../../setup/whole-backends.ts'
import type { Trust } from '../../../trust/trust.ts'
import type { Surveyed } from '../../../verify/survey.ts'
import { VERSION } from '../../../version.ts'
import { givenOf } from '../../given.ts'
import { refuseFilters } from '../../refuse-filters.ts'
import { layoutOf } from '../../terminal.ts'
import { warn, worldOf } from '../../world.ts'
import type { RepairOptions } from './flags.ts'

interface Work {
  readonly about?: About
  readonly readings?: readonly Reading[]
  readonly backends: readonly Backend[]
  readonly lost?: Extract<Surveyed, { readonly about?: never }>
}

/** Runs the command and gives its exit status; throws ProvError for what stops it before anything is read. */
export async function runRepair(inputs: readonly string[], options: RepairOptions, io: Io): Promise<number> {
  if (options.all === true) steadyMemory()
  if (options.all === true) refuseNamed(inputs, options)
  if (options.all !== true) refuseFilters(options)
  const setup = await setUp(options, worldOf(io, options))
  try {
    const trust = await trustFor(options, worldOf(io, options))
    refuseUnsupported(
      setup.settings,
      setup.backends.map(({ name }) => name),
    )
    const { prefer } = options
    if (prefer !== undefined && !setup.backends.some(({ name }) => name === prefer)) {
      throw new ProvError('usage', `--prefer names ${prefer}, which --storage does not`)
    }
    if (options.all === true) refuseBlind(setup.backends, [])
    const apply = options.apply === true
    const artifacts = options.all === true ? undefined : await artifactsOf(inputs, options, worldOf(io, options))
    const work = artifacts === undefined ? everything(options, setup, trust, io) : named(artifacts, options, setup, io)
    if (artifacts !== undefined && options.json !== true && options.quiet !== true)
      await write(io.stdout, inputLine(artifacts, layoutOf(io)))
    const job = { trust, apply, signal: io.signal, retry: setup.retry, ...(prefer === undefined ? {} : { prefer }) }
    const progress = reporter(io, apply ? 'repaired' : 'read', options)
    const tally = repairTally()
    const layout = layoutOf(io)
    const repairOne = async ({ about, readings, backends, lost }: Work): Promise<Repaired> => {
      // What was not begun is not left as it is.
      io.signal.throwIfAborted()
      return about === undefined ? lostPlace(lost) : repair(about, { ...job, backends }, readings)
    }
    let complete = false
    let done = 0
    try {
      for await (const one of orderedPool(work, options.concurrency, repairOne)) {
        tally.add(one)
        progress.update(++done, undefined)
        if (options.json === true) await write(io.stdout, jsonLine(one))
        else if (options.quiet === true) {
          const copies = one.copies.filter(({ error }) => error !== undefined)
          if (one.exit !== 0) await write(io.stdout, repairedText({ ...one, copies }, layout))
        } else if (options.verbose === true || one.copies.some(({ action }) => action !== 'ok') || one.exit !== 0) {
          await write(io.stdout, repairedText(one, layout))
        }
      }
      complete = !io.signal.aborted
    } catch (thrown) {
      if (!io.signal.aborted) throw thrown
    } finally {
      progress.end()
    }
    const counted = tally.summary()
    const empty = done === 0 && complete && options.shard === undefined ? ERRORS.nothing_verified.exit : 0
    const exit = exitStatus(gravest([counted.exit, empty, complete ? 0 : ERRORS.aborted.exit]), io)
    const input = artifacts?.input
    const summary = { ...counted, exit, ...(input === undefined ? {} : { input }) }
    const again = givenOf(
      inputs,
      options,
      setup.backends.map(({ name }) => name),
    )
    const next = repairStep(summary, apply, again)
    if (options.json === true) {
      const more = next === undefined ? {} : { next: next.text }
      await write(io.stdout, jsonLine({ command: 'repair', version: VERSION, apply, complete, ...summary, ...more }))
    } else if (options.quiet !== true || exit !== 0) {
      await write(io.stdout, repairSummaryText(summary, layout, apply) + nextText(next, layout))
    }
    return exit
  } finally {
    await setup.close()
  }
}

/** With --all, what names one artifact would be passed over, and everything mended. */
function refuseNamed(inputs: readonly string[], options: RepairOptions): void {
  const { image, statement, run, predicate, format } = options
  const named = { INPUT: inputs, '--image': image, '--statement': statement }
  const given = [
    ...Object.entries(named),
    ...Object.entries({ '--run': run, '--predicate': predicate, '--format': format }),
  ]
  const odd = given.find(([, value]) => value !== undefined && value.length > 0)
  if (odd !== undefined) throw new ProvError('usage', `--all takes no ${odd[0]}: it repairs whatever the backends hold`)
}

async function* everything(options: RepairOptions, setup: Setup, trust: Trust, io: Io): AsyncIterable<Work> {
  for await (const found of surveyOf(options, setup, trust, worldOf(io, options))) {
    const { backends } = setup
    yield found.about === undefined
      ? { lost: found, backends }
      : { about: found.about, readings: found.readings, backends }
  }
}

async function* named(
  { artifacts, notes }: NamedArtifacts,
  options: RepairOptions,
  setup: Setup,
  io: Io,
): AsyncIterable<Work> {
  for (const note of notes) warn(io, options, note)
  yield* artifacts.flatMap((artifact) => targetsOf(artifact, setup))
}

/** A place of a whole backend that could not be read, or of which nobody can tell what it is for. */
function lostPlace(lost: Work['lost']): Repaired {
  if (lost === undefined) throw new ProvError('internal', 'neither an artifact nor a place')
  const { backend, slot } = lost
  const error: ErrorJson = { ...lost.error, backend }
  const copy = { backend, slot: slot.key, location: slot.key, action: 'keep' as const, done: false, error }
  return { artifact: slot.key, copies: [copy], exit: ERRORS[error.code].exit, findings: [error] }
}
