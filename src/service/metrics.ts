/** Metrics of long-lived processes, in one table of names: the docs and a test are made from it. No label holds an image, a path or an error text. */
import type { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What is read again while a process runs. */
const RELOADS = {
  type: 'counter',
  labels: ['files', 'result'],
  help: 'files that changed, and keys of a URL: keys or listener; used, or refused because they cannot be used',
} as const

/** Name → labels and meaning. */
export const WORKER_METRICS = {
  prov_deliveries: {
    type: 'gauge',
    labels: ['target', 'state'],
    help: 'deliveries that are owed, by backend and state',
  },
  prov_oldest_pending_seconds: {
    type: 'gauge',
    labels: ['target'],
    help: 'age of the oldest entry that is still owed',
  },
  prov_index_lag_seconds: {
    type: 'gauge',
    labels: [],
    help: 'age of the oldest entry that the search index does not have yet; 0 when it has all that are owed to it',
  },
  prov_delivery_seconds: { type: 'histogram', labels: ['target'], help: 'how long one delivery took that was settled' },
  prov_delivered_total: { type: 'counter', labels: ['target'], help: 'copies that this process has delivered' },
  prov_lane_paused: {
    type: 'gauge',
    labels: ['target'],
    help: 'lanes of a backend that pause after failures in a row',
  },
  prov_stale_acks_total: { type: 'counter', labels: [], help: 'results that came after another worker had taken over' },
  prov_wakeups_total: {
    type: 'counter',
    labels: ['transport'],
    help: 'hints that something may be owed, by where they came from; poll: looks without one',
  },
  prov_refused_total: {
    type: 'counter',
    labels: ['source'],
    help: 'objects of a bucket that were not imported, since they are damaged or signed by nobody trusted; source: bucket or inbox',
  },
  prov_reloads_total: RELOADS,
  prov_quarantined_total: { type: 'counter', labels: [], help: 'entries that did not verify any more' },
  prov_given_back_total: { type: 'counter', labels: [], help: "entries that are signed by none of this worker's keys" },
} as const satisfies Readonly<Record<string, MetricRow>>

/** The same for `prov serve`. */
export const SERVE_METRICS = {
  prov_verify_total: {
    type: 'counter',
    labels: ['verdict'],
    help: 'keys that were answered: verified, refused, absent, or error where nothing could be said',
  },
  prov_verify_seconds: { type: 'histogram', labels: [], help: 'how long the answer for one key took' },
  prov_cache_total: {
    type: 'counter',
    labels: ['provider', 'result'],
    help: 'questions to the cache: hit, miss, error, forged (a value that its MAC does not fit), open (not asked after failures in a row)',
  },
  prov_cache_seconds: { type: 'histogram', labels: [], help: 'how long one question to the cache took' },
  prov_inflight: { type: 'gauge', labels: [], help: 'verifications under way' },
  prov_queue: { type: 'gauge', labels: [], help: 'verifications that wait for a place' },
  prov_backend_requests_total: {
    type: 'counter',
    labels: ['backend', 'code'],
    help: 'reads of backends, by what came of them: ok, or the code of the error',
  },
  prov_reloads_total: RELOADS,
  prov_http_requests_total: {
    type: 'counter',
    labels: ['route', 'status'],
    help: 'requests that were answered, by the path of the route; 499: the client went away before',
  },
} as const satisfies Readonly<Record<string, MetricRow>>

export interface MetricRow {
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly labels: readonly string[]
  readonly help: string
}

const SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60]

export interface Metrics {
  /** Adds to a counter, by 1. */
  count(name: string, labels?: Readonly<Record<string, string>>): void
  /** Takes a duration in seconds. */
  observe(name: string, seconds: number, labels?: Readonly<Record<string, string>>): void
  /** Replaces all values of a gauge. */
  set(
    name: string,
    values: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[],
  ): void
  /** As Prometheus reads it. */
  text(): Promise<string>
  readonly contentType: string
}

/** @example const metrics = await openMetrics(WORKER_METRICS) */
export async function openMetrics(table: Readonly<Record<string, MetricRow>>): Promise<Metrics> {
  const { default: client } = await import('prom-client')
  const { Counter: Counters, Gauge: Gauges, Histogram: Histograms, Registry: Registers } = client
  const registry: Registry = new Registers()
  const registers = [registry]
  const made = new Map<string, Counter | Gauge | Histogram>()
  for (const [name, { type, labels, help }] of Object.entries(table)) {
    const options = { name, help, labelNames: [...labels], registers }
    if (type === 'counter') made.set(name, new Counters(options))
    else if (type === 'gauge') made.set(name, new Gauges(options))
    else made.set(name, new Histograms({ ...options, buckets: SECONDS }))
  }
  return {
    count: (name, labels = {}) => {
      const metric = made.get(name)
      if (metric instanceof Counters) metric.inc({ ...labels })
    },
    observe: (name, seconds, labels = {}) => {
      const metric = made.get(name)
      if (metric instanceof Histograms) metric.observe({ ...labels }, seconds)
    },
    set: (name, values) => {
      const metric = made.get(name)
      if (!(metric instanceof Gauges)) return
      metric.reset()
      for (const { labels, value } of values) metric.set({ ...labels }, value)
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
