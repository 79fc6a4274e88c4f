/** The work of `prov worker`. */
import { refuseUnsupported } from '../../../config/unsupported-settings.ts'
import { type BucketJob, bucketObjects } from '../../../delivery/bucket-objects.ts'
import type { Told } from '../../../delivery/lane.ts'
import { openTransports } from '../../../delivery/wake/open.ts'
import { runWorker, type WorkerEnd, type WorkerJob } from '../../../delivery/worker.ts'
import { ERRORS, gravest } from '../../../errors.ts'
import { exitStatus, type Io, pause, write } from '../../../platform/io.ts'
import { durationMs } from '../../../platform/text/duration.ts'
import { jsonLine } from '../../../platform/text/json-text.ts'
import { nextText } from '../../../report/text/next-step.ts'
import { importedText } from '../../../report/text/reconcile-text.ts'
import { deliveredText, type WorkerEvent, workerEndText } from '../../../report/text/worker-text.ts'
import type { ImportedItem } from '../../../search/import.ts'
import type { IndexStore } from '../../../search/index-store.ts'
import { setUp } from '../../../setup/backends.ts'
import { type BucketSources, bucketSources } from '../../../setup/bucket-sources.ts'
import { deliveryJob } from '../../../setup/delivery.ts'
import { hasIndex, indexOf } from '../../../setup/index-place.ts'
import { truthOf } from '../../../setup/truth.ts'
import { wakeSources } from '../../../setup/wake.ts'
import type { Backlog, Claimed, Truth } from '../../../truth/truth.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { warn, worldOf } from '../../world.ts'
import type { WorkerOptions } from './flags.ts'
import { type WorkerKeys, workerKeys } from './keys.ts'
import { type Watching, watch } from './watch.ts'

/** Runs until a signal, or with --once until nothing can be delivered; gives the exit status. */
export async function runWorkerCommand(options: WorkerOptions, io: Io): Promise<number> {
  const keys = await workerKeys(options, io)
  try {
    return await work(options, keys, io)
  } finally {
    await keys.close()
  }
}

async function work(options: WorkerOptions, keys: WorkerKeys, io: Io): Promise<number> {
  const setup = await setUp({ ...options, set: [...options.set, ...asSettings(options)] }, worldOf(io, options), {
    absolute: true,
  })
  const served = setup.backends.map(({ name }) => name)
  let truth: Truth | undefined
  let index: IndexStore | undefined
  let buckets: BucketSources | undefined
  try {
    refuseUnsupported(setup.settings, served)
    const places = await wakeSources(setup.settings, options.wake)
    truth = await truthOf(setup.settings, { make: false })
    index = hasIndex(setup.settings) ? await indexOf(setup.settings) : undefined
    buckets = await bucketSources(setup, worldOf(io, options))
    const job = { ...deliveryJob(setup, truth, keys.trust(), index), trust: keys.trust }
    const { targets, host } = job
    const wake = await openTransports(
      options.once === true ? [] : places,
      worldOf(io, options),
      `${host}/${[...targets].sort().join()}`,
    )
    const watching = await watch(truth, targets, keys, setup.settings.get('worker.listen'))
    keys.tell(watching.reloaded)
    if (watching.address !== undefined) warn(io, options, `listening at http://${watching.address}`)
    try {
      const layout = layoutOf(io)
      let lines = Promise.resolve()
      const print = (line: string): void => {
        if (line !== '') lines = lines.then(() => write(io.stdout, line))
      }
      const end = await runWorker({
        ...job,
        once: options.once === true,
        drain: io.signal,
        drainMs: durationMs(setup.settings.get('worker.drain-timeout') ?? '30s'),
        sleep: pause,
        failed: (error) => {
          watching.failed()
          warn(io, options, `${error.code}: ${error.message}; trying again`)
        },
        looked: watching.looked,
        wake,
        woke: watching.woke,
        wakeLost: (line) => warn(io, options, line),
        told: (row, what) => {
          watching.told(row, what)
          const line =
            options.json === true
              ? jsonLine(eventOf(row, what))
              : options.quiet === true && 'settled' in what && what.settled.state === 'done'
                ? ''
                : deliveredText(eventOf(row, what), layout)
          print(line)
        },
        ...(buckets.sources.length === 0
          ? {}
          : {
              objects: objectsOf(
                buckets,
                { ...job, retry: setup.retry, isIndexed: index !== undefined, signal: io.signal },
                watching,
                {
                  failed: (error) => warn(io, options, `${error.code}: ${error.message}; looking again`),
                  told: (item) => {
                    const isSaid = options.quiet !== true || item.outcome === 'refused'
                    if (options.json === true) print(jsonLine(item))
                    else if (isSaid) print(importedText(item, layout))
                  },
                },
              ),
            }),
      })
      await lines
      return await ended(end, { truth, targets, options, io })
    } finally {
      await watching.close()
    }
  } finally {
    await buckets?.close()
    await index?.close()
    await truth?.close()
    await setup.close()
  }
}

interface ObjectsTold extends Pick<BucketJob, 'failed'> {
  told(item: ImportedItem): void
}

function objectsOf(
  { sources }: BucketSources,
  job: Omit<BucketJob, 'sources' | 'sleep' | 'imported' | 'told' | 'failed'>,
  watching: Pick<Watching, 'refused'>,
  { failed, told }: ObjectsTold,
): NonNullable<WorkerJob['objects']> {
  return (imported) =>
    bucketObjects({
      ...job,
      sources,
      sleep: pause,
      imported,
      failed,
      told: (source, item) => {
        if (item.outcome === 'refused') watching.refused(source)
        told(item)
      },
    })
}

function asSettings({ concurrency, lease, listen }: WorkerOptions): readonly string[] {
  return [
    ...(concurrency === undefined ? [] : [`worker.concurrency=${concurrency}`]),
    ...(lease === undefined ? [] : [`worker.lease=${lease}ms`]),
    ...(listen === undefined ? [] : [`worker.listen=${listen}`]),
  ]
}

/** One line of --json: a delivery that was settled, given back, or settled by another worker meanwhile. */
function eventOf({ id, target, slotKey, uri, format }: Claimed, what: Told): WorkerEvent {
  const row = { id, target, slot: slotKey, artifact: uri, format }
  if ('stale' in what) return { ...row, outcome: 'stale' }
  if ('quarantined' in what) return { ...row, outcome: 'quarantined', error: what.quarantined }
  if ('givenBack' in what) return { ...row, outcome: 'given back', error: what.givenBack }
  const { settled } = what
  if (settled.state === 'done') return { ...row, outcome: 'done', location: settled.receipt.location }
  if (settled.state !== 'pending') return { ...row, outcome: settled.state, error: settled.error }
  const error = settled.error === undefined ? {} : { error: settled.error }
  return { ...row, outcome: 'to try again', afterMs: settled.afterMs, ...error }
}

interface Ended {
  readonly truth: Truth
  readonly targets: readonly string[]
  readonly options: WorkerOptions
  readonly io: Io
}

async function ended(end: WorkerEnd, { truth, targets, options, io }: Ended): Promise<number> {
  const left = io.signal.aborted && options.once !== true ? [] : await leftFor(truth, targets)
  const exit = options.once === true ? gravest([exitOf(left, end), io.signal.aborted ? ERRORS.incomplete.exit : 0]) : 0
  const owed = left.map(({ target, state, rows }) => ({ target, state, rows }))
  const report = { ...end, owed, exit: exitStatus(exit, io) }
  const next = exit === 0 ? undefined : { text: 'prov outbox ls' }
  if (options.json === true) {
    const step = next === undefined ? {} : { next: next.text }
    await write(io.stdout, jsonLine({ command: 'worker', version: VERSION, ...report, ...step }))
  } else if (options.quiet !== true || exit !== 0) {
    await write(io.stdout, workerEndText(report, layoutOf(io)) + nextText(next, layoutOf(io)))
  }
  return report.exit
}

/** What is still owed to these backends. */
async function leftFor(truth: Truth, targets: readonly string[]): Promise<readonly Backlog[]> {
  return (await truth.backlog()).filter(({ target }) => targets.includes(target))
}

/** Marks as signed that wait for a copy of a backend that others serve are not this worker's. */
function exitOf(left: readonly Backlog[], { delivered, givenBack }: WorkerEnd): number {
  const rows = (state: Backlog['state']): number =>
    left.filter((one) => one.state === state).reduce((sum, one) => sum + one.rows, 0)
  if (rows('quarantined') > 0) return ERRORS.signature_invalid.exit
  if (givenBack > 0 && delivered === 0 && rows('pending') > 0) return ERRORS.key_untrusted.exit
  return rows('pending') + rows('held') > 0 ? ERRORS.incomplete.exit : 0
}
