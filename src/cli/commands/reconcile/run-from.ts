/** The work of `prov reconcile --from`: entries that a backend holds and the truth does not. */
import type { About, Backend, Listed, SlotNames } from '../../../backend/backend.ts'
import { parseBackendList } from '../../../config/lists.ts'
import { refuseUnsupported } from '../../../config/unsupported-settings.ts'
import { type ErrorCode, ProvError } from '../../../errors.ts'
import { steadyMemory } from '../../../platform/async/limit-heap-growth.ts'
import { exitStatus, type Io, write } from '../../../platform/io.ts'
import { reporter } from '../../../platform/progress.ts'
import { jsonLine } from '../../../platform/text/json-text.ts'
import { type NextStep, nextText, stepAfter } from '../../../report/text/next-step.ts'
import {
  type ImportSummary,
  importedText,
  importSummaryText,
  importTally,
} from '../../../report/text/reconcile-text.ts'
import { importFrom } from '../../../search/import.ts'
import { artifactsOf } from '../../../setup/artifacts.ts'
import { refuseNoBackends, type Setup, setUp } from '../../../setup/backends.ts'
import { thisHost } from '../../../setup/delivery.ts'
import { hasIndex } from '../../../setup/index-place.ts'
import { trustFor } from '../../../setup/keys.ts'
import { targetsOf } from '../../../setup/targets.ts'
import { truthOf } from '../../../setup/truth.ts'
import type { Truth } from '../../../truth/truth.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { worldOf } from '../../world.ts'
import type { ReconcileOptions } from './flags.ts'

const AT_ONCE = 16

/** Exit 0 when the truth holds what the backend holds; 5 when it lacks some, 3 when something was refused, 6 when something could not be read. */
export async function runReconcileFrom(options: ReconcileOptions, io: Io): Promise<number> {
  steadyMemory()
  const names = parseBackendList(options.from ?? '')
  refuseNoBackends(names)
  if (names.length !== 1) throw new ProvError('usage', '--from takes one backend', { hint: 'reconcile each by itself' })
  const trust = await trustFor(options, worldOf(io, options))
  // Whoever names a cluster wants its runs read.
  const live = options.kubeconfig !== undefined || options.context !== undefined
  const set = live ? [...options.set, 'storage.tekton.cluster=true'] : options.set
  const setup = await setUp({ ...options, set, storage: names.join() }, worldOf(io, options), { absolute: true })
  let truth: Truth | undefined
  try {
    refuseUnsupported(setup.settings, names)
    const [source] = setup.backends
    if (source === undefined) throw new ProvError('internal', 'no source was opened')
    const places = await placesOf(source, setup, options, io)
    truth = await truthOf(setup.settings, { make: options.repair === true })
    const repair = options.repair === true
    const job = { source, places, truth, trust, repair, concurrency: AT_ONCE, retry: setup.retry, signal: io.signal }
    const progress = reporter(io, 'compared', options)
    const tally = importTally(source.name)
    let [done, complete] = [0, false]
    try {
      for await (const item of importFrom({ ...job, host: thisHost(), indexed: hasIndex(setup.settings) })) {
        tally.add(item)
        progress.update(++done, undefined)
        const isTold = options.verbose === true || (item.outcome !== 'present' && item.outcome !== 'pruned')
        if (options.json === true) await write(io.stdout, jsonLine(item))
        else if (isTold && options.quiet !== true) await write(io.stdout, importedText(item, layoutOf(io)))
      }
      complete = !io.signal.aborted
    } catch (thrown) {
      if (!io.signal.aborted) throw thrown
    } finally {
      progress.end()
    }
    const counted = tally.summary(complete)
    return await end({ ...counted, exit: exitStatus(counted.exit, io) }, options, io)
  } finally {
    await truth?.close()
    await setup.close()
  }
}

/** Every place of the backend, or those of the images named: bundles beside images are in no list. */
async function placesOf(
  source: Backend,
  setup: Setup,
  options: ReconcileOptions,
  io: Io,
): Promise<AsyncIterable<Listed>> {
  if (options.image.length > 0) {
    const { artifacts } = await artifactsOf([], { image: options.image }, worldOf(io, options))
    const slots = artifacts
      .flatMap((artifact) => targetsOf(artifact, setup))
      .flatMap(({ about }) =>
        source.slots(about).map((slot) => [slot.key, { ...slot, names: subjectOf(about) }] as const),
      )
    // Signatures and attestations may lie in one place.
    return streamOf([...new Map(slots).values()])
  }
  if (source.list !== undefined) return source.list({}, { signal: io.signal })
  throw new ProvError('not_supported', `${source.name} cannot list what it holds here`, {
    backend: source.name,
    hint: 'oci lists storage.oci.repository or a layout, tekton --tekton-file or the cluster of --kubeconfig; else use --image',
  })
}

function subjectOf({ artifact }: About): SlotNames {
  return artifact.type === 'image' ? { subject: artifact.image.digest.slice('sha256:'.length) } : {}
}

async function* streamOf(places: readonly Listed[]): AsyncIterable<Listed> {
  yield* places
}

async function end(summary: ImportSummary, options: ReconcileOptions, io: Io): Promise<number> {
  const { exit } = summary
  const next = nextStep(summary)
  if (options.json === true) {
    const step = next === undefined ? {} : { next: next.text }
    const repair = options.repair === true
    await write(io.stdout, jsonLine({ command: 'reconcile', version: VERSION, repair, ...summary, ...step }))
  } else if (options.quiet !== true || exit !== 0) {
    await write(io.stdout, importSummaryText(summary, layoutOf(io)) + nextText(next, layoutOf(io)))
  }
  return exit
}

function nextStep({ exit, counts, codes }: ImportSummary): NextStep | undefined {
  if (exit !== 130 && counts.missing > 0)
    return { text: 'the same command with --repair imports what is not in the truth' }
  return stepAfter(exit, Object.keys(codes) as ErrorCode[])
}
