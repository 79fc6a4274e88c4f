/** The work of `prov reconcile --index`. */
import { randomUUID } from 'node:crypto'
import { ERRORS, type ErrorCode, gravest, ProvError } from '../../../errors.ts'
import { exitStatus, type Io, pause, write } from '../../../platform/io.ts'
import { type Progress, reporter } from '../../../platform/progress.ts'
import { jsonLine } from '../../../platform/text/json-text.ts'
import { parseMoment } from '../../../provenance/build-time.ts'
import { type NextStep, nextText } from '../../../report/text/next-step.ts'
import { differenceText, type IndexReport, indexReportText } from '../../../report/text/reconcile-index-text.ts'
import type { IndexStore } from '../../../search/index-store.ts'
import { freeLease, holdLease } from '../../../search/lease.ts'
import { refuseOther, setOwner } from '../../../search/owner.ts'
import { rebuild } from '../../../search/rebuild.ts'
import { type Reconciled, reconcile } from '../../../search/reconcile.ts'
import { indexOf } from '../../../setup/index-place.ts'
import { settingsFor } from '../../../setup/settings.ts'
import { truthOf } from '../../../setup/truth.ts'
import type { Truth } from '../../../truth/truth.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { worldOf } from '../../world.ts'
import type { ReconcileOptions } from './flags.ts'

interface Job {
  readonly truth: Truth
  readonly index: IndexStore
  readonly options: ReconcileOptions
  readonly io: Io
  readonly progress: Progress
}

const AGAIN = 'what was written stays; --rebuild goes on with --resume, everything else by the same command'

type Told = Omit<IndexReport, 'index' | 'exit'>

/** Exit 0 when both are equal (again), 5 when something is missing, 3 when something is wrong or too much. */
export async function runReconcileIndex(options: ReconcileOptions, io: Io): Promise<number> {
  refuseFlags(options)
  const settings = await settingsFor(options, worldOf(io, options))
  const truth = await truthOf(settings, { make: false })
  let index: IndexStore | undefined
  try {
    index = await indexOf(settings)
    const progress = reporter(io, options.rebuild === true ? 'copied' : 'compared', options)
    const job = { truth, index, options, io, progress }
    const isChange = options.rebuild === true || options.repair === true || options.prune === true
    const told = isChange ? await alone(job) : await compare(job, undefined)
    progress.end()
    return await end({ index: index.redis.location, ...told, exit: exitStatus(exitOf(told), io) }, options, io)
  } catch (thrown) {
    if (!io.signal.aborted) throw thrown
    throw new ProvError('aborted', 'stopped before it was done', { cause: thrown, hint: AGAIN })
  } finally {
    await index?.close()
    await truth.close()
  }
}

function refuseFlags({ rebuild: anew, repair, prune, since, resume }: ReconcileOptions): void {
  if (anew === true && (repair === true || prune === true || since !== undefined)) {
    throw new ProvError('usage', '--rebuild makes the whole index anew: it takes no --repair, --prune or --since')
  }
  if (resume === true && anew !== true) {
    throw new ProvError('usage', '--resume goes on with a --rebuild that was interrupted', {
      hint: 'a --repair that was interrupted is given again as it was: what is written stays',
    })
  }
}

/** One at a time may change an index as a whole. */
async function alone(job: Job): Promise<Told> {
  const { index, truth, io, options, progress } = job
  const lease = randomUUID()
  const { signal } = io
  await holdLease(index, { token: lease, signal, sleep: pause })
  try {
    const name = await truth.name()
    if (options.rebuild !== true) {
      await refuseOther(index, name)
      const told = await compare(job, lease)
      await setOwner(index, name)
      return told
    }
    const resume = options.resume === true
    const moved = (entries: number): void => progress.update(entries, undefined)
    const made = await rebuild({ truth, index, lease, resume, signal, sleep: pause, progress: moved })
    await setOwner(index, name)
    const { entries, terms, resumed, upTo } = made
    const none = { missing: 0, wrong: 0, extra: 0, owed: 0, repaired: 0, pruned: 0 }
    return { entries, terms, ...none, rebuilt: { entries, terms, resumed }, ...(upTo === undefined ? {} : { upTo }) }
  } finally {
    await freeLease(index, lease).catch(() => undefined) // it ends by itself
  }
}

async function compare({ index, truth, options, io, progress }: Job, lease: string | undefined): Promise<Reconciled> {
  const { since, repair = false, prune = false } = options
  const from = since === undefined ? undefined : await truth.markBefore(parseMoment(since, io.now()))
  const told = await reconcile({
    truth,
    index,
    from,
    repair,
    prune,
    ...(lease === undefined ? {} : { lease }),
    signal: io.signal,
    told: async (difference) => {
      if (options.json === true) await write(io.stdout, jsonLine(difference))
      else if (options.quiet !== true) await write(io.stdout, differenceText(difference, layoutOf(io)))
    },
    progress: (entries) => progress.update(entries, undefined),
  })
  const isWhole = told.missing + told.wrong === told.repaired && since === undefined
  if (lease !== undefined && isWhole && told.upTo !== undefined) await index.prove(told.upTo)
  return told
}

function exitOf({ missing, wrong, extra, repaired, pruned }: Told): number {
  const left = missing + wrong - repaired
  const codes: ErrorCode[] = [
    ...(left > 0 && missing > 0 ? (['index_missing'] as const) : []),
    ...((left > 0 && wrong > 0) || extra > pruned ? (['index_mismatch'] as const) : []),
  ]
  return gravest([0, ...codes.map((code) => ERRORS[code].exit)])
}

function nextStep({ exit, extra, pruned }: IndexReport): NextStep | undefined {
  if (exit === 0 || exit === 130) return undefined
  return { text: `the same command with --repair${extra > pruned ? ' --prune' : ''} makes the index equal` }
}

async function end(report: IndexReport, options: ReconcileOptions, io: Io): Promise<number> {
  const next = nextStep(report)
  if (options.json === true) {
    const step = next === undefined ? {} : { next: next.text }
    await write(io.stdout, jsonLine({ command: 'reconcile', version: VERSION, ...report, ...step }))
  } else if (options.quiet !== true || report.exit !== 0) {
    await write(io.stdout, indexReportText(report, layoutOf(io)) + nextText(next, layoutOf(io)))
  }
  return report.exit
}
