/** Metrics of key sets of regions: of `prov keys merge --watch`, and of a service that trusts such a set. */
import type { RegionAge } from '../trust/trust.ts'
import type { MetricRow, Metrics } from './metrics.ts'

/** What is known of the regions themselves. */
export const REGION_METRICS = {
  prov_keys_age_seconds: {
    type: 'gauge',
    labels: ['region'],
    help: 'age of the newest file of a region that counts, since its publisher issued it',
  },
  prov_keys_active_seconds: {
    type: 'gauge',
    labels: [],
    help: 'how long the youngest active key of all regions has been active: it grows while no region rotates; 0 while none is known',
  },
} as const satisfies Readonly<Record<string, MetricRow>>

export const KEYS_METRICS = {
  ...REGION_METRICS,
  prov_keys_merge_total: {
    type: 'counter',
    labels: ['result'],
    help: 'merges, by what they came to: written, unchanged, refused, failed',
  },
} as const satisfies Readonly<Record<string, MetricRow>>

/**
 * Ages are of the moment of the scrape, also while nothing new can be read; of several files of one region the newest counts.
 *
 * @param now milliseconds since the epoch
 * @example setRegionGauges(trust.regions, metrics, Date.now())
 */
export function setRegionGauges(regions: readonly RegionAge[], metrics: Pick<Metrics, 'set'>, now: number): void {
  const seconds = (time: string): number => Math.max(0, (now - Date.parse(time)) / 1000)
  const ages = new Map<string, number>()
  for (const { region, issuedAt } of regions)
    ages.set(region, Math.min(seconds(issuedAt), ages.get(region) ?? Number.POSITIVE_INFINITY))
  metrics.set(
    'prov_keys_age_seconds',
    [...ages].map(([region, value]) => ({ labels: { region }, value })),
  )
  const active = regions.flatMap(({ activeSince }) => (activeSince === undefined ? [] : [seconds(activeSince)]))
  metrics.set('prov_keys_active_seconds', active.length === 0 ? [] : [{ labels: {}, value: Math.min(...active) }])
}
