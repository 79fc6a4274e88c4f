/** Metrics of `prov keys merge --watch`. See metrics.ts. Pure data. */
import type { MetricRow } from './metrics.ts'

export const KEYS_METRICS = {
  prov_keys_age_seconds: {
    type: 'gauge',
    labels: ['region'],
    help: 'age of the newest file of a region that verified, since its publisher issued it',
  },
  prov_keys_merge_total: {
    type: 'counter',
    labels: ['result'],
    help: 'merges, by what they came to: written, unchanged, refused, failed',
  },
  prov_keys_active_seconds: {
    type: 'gauge',
    labels: [],
    help: 'how long the youngest active key of all regions has been active: it grows while no region rotates',
  },
} as const satisfies Readonly<Record<string, MetricRow>>
