/** The work of `prov keys merge`. */
import { ProvError } from '../../../errors.ts'
import { type Merged, merge } from '../../../keysets/merge.ts'
import { type Io, pause } from '../../../platform/io.ts'
import { mergeLines, shownMerge } from '../../../report/text/key-sets-text.ts'
import { stepAfter } from '../../../report/text/next-step.ts'
import type { Listening } from '../../../service/listen.ts'
import { keyPlaceAt } from '../../../setup/key-place.ts'
import { settingsFor } from '../../../setup/settings.ts'
import { readPublishers } from '../../../trust/publishers.ts'
import { regionAge } from '../../../trust/region-file.ts'
import { warn, worldOf } from '../../world.ts'
import { again } from './again.ts'
import { tell } from './open.ts'
import type { MergeOptions } from './region-flags.ts'

/** Exit 0 when all is merged, 3 when anything was refused, 5 when a region is stale, 6 when one could not be read. */
export async function runKeysMerge(options: MergeOptions, io: Io): Promise<number> {
  if (options.listen !== undefined && options.watch === undefined)
    throw new ProvError('usage', '--listen is for a merge that goes on: it wants --watch')
  const world = worldOf(io, options)
  const settings = await settingsFor(options, world)
  for (const warning of settings.warnings) world.warn(warning)
  const publishers = await readPublishers(options.regions, io.env)
  const place = await keyPlaceAt(options.at, settings, world)
  const perRegion = settings.get('keys.max-region-keys')
  const watching = await watch(options, io)
  const merging = async (): Promise<number> => {
    const merged = await merge({
      place,
      publishers,
      maxKeys: Number(settings.get('keys.max-keys')),
      ...(perRegion === undefined ? {} : { maxRegionKeys: Number(perRegion) }),
      now: world.now,
      random: world.random,
      signal: io.signal,
      sleep: pause,
    })
    watching.told(merged)
    const shown = shownMerge(merged)
    const codes = [...shown.regions, { error: shown.refused }, { error: shown.dropped }].flatMap(
      ({ error }) => error?.code ?? [],
    )
    const step = stepAfter(shown.exit, codes)
    await tell('merge', { at: place.root, ...shown }, mergeLines(shown, place.root), options, io, step)
    return shown.exit
  }
  try {
    return await again(options, io, merging, watching.failed)
  } finally {
    place.objects.close()
    await watching.close()
  }
}

interface Watching {
  told(merged: Merged): void
  failed(): void
  close(): Promise<void>
}

/** Listens nowhere, and loads nothing, without an address. */
async function watch(options: MergeOptions, io: Io): Promise<Watching> {
  if (options.listen === undefined) return { told: () => {}, failed: () => {}, close: async () => {} }
  const [{ openMetrics }, { KEYS_METRICS, setRegionGauges }, { listenAt }] = await Promise.all([
    import('../../../service/metrics.ts'),
    import('../../../service/keys-metrics.ts'),
    import('../../../service/listen.ts'),
  ])
  const metrics = await openMetrics(KEYS_METRICS)
  let last: Merged | undefined
  const listening: Listening = await listenAt(options.listen, {
    '/healthz': () => ({ status: 200, body: 'ok\n' }),
    '/metrics': async () => {
      const regions = last?.regions.flatMap(({ file }) => (file === undefined ? [] : [regionAge(file)]))
      if (regions !== undefined) setRegionGauges(regions, metrics, io.now())
      return { status: 200, type: metrics.contentType, body: await metrics.text() }
    },
  })
  warn(io, options, `listening at http://${listening.address}`)
  return {
    told: (merged) => {
      last = merged
      metrics.count('prov_keys_merge_total', { result: merged.outcome })
    },
    failed: () => metrics.count('prov_keys_merge_total', { result: 'failed' }),
    close: () => listening.close(),
  }
}
