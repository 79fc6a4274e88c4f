/** What a worker shows of itself at --listen: metrics, that it lives, and that it can deliver. */
import type { ObjectSource } from '../../../delivery/bucket-objects.ts'
import type { Told } from '../../../delivery/lane.ts'
import type { Listening } from '../../../service/listen.ts'
import type { Metrics } from '../../../service/metrics.ts'
import { INDEX } from '../../../truth/term-pages.ts'
import { type Claimed, SEAL, type Truth } from '../../../truth/truth.ts'
import type { WorkerKeys } from './keys.ts'

export interface Watching {
  /** HOST:PORT; absent where it does not listen. */
  readonly address?: string
  told(row: Claimed, what: Told): void
  /** A look at the truth succeeded, or failed. */
  looked(): void
  failed(): void
  /** A hint came, or a look was due without one. */
  woke(transport: string): void
  /** The trusted keys changed, or cannot be used as they are now. */
  reloaded(result: 'used' | 'refused'): void
  /** An object was not imported. */
  refused(source: ObjectSource): void
  close(): Promise<void>
}

/** Without a look at the truth for so long, the worker is not ready. */
const SILENT_MS = 60_000

/** Loads nothing and listens nowhere without an address. */
export async function watch(
  truth: Truth,
  targets: readonly string[],
  keys: Pick<WorkerKeys, 'stale'>,
  address: string | undefined,
): Promise<Watching> {
  let lastLook = performance.now()
  let isWell = true
  let useless = false
  let metrics: Metrics | undefined
  let listening: Listening | undefined
  if (address !== undefined) {
    const [{ openMetrics, WORKER_METRICS }, { listenAt }] = await Promise.all([
      import('../../../service/metrics.ts'),
      import('../../../service/listen.ts'),
    ])
    const opened = await openMetrics(WORKER_METRICS)
    metrics = opened
    listening = await listenAt(address, {
      '/healthz': () => ({ status: 200, body: 'ok\n' }),
      '/readyz': () => {
        const why =
          !isWell || performance.now() - lastLook > SILENT_MS
            ? 'the truth does not answer'
            : useless
              ? NO_KEY
              : keys.stale()
        return why === undefined ? { status: 200, body: 'ready\n' } : { status: 503, body: `not ready: ${why}\n` }
      },
      '/metrics': async () => {
        await gauges(truth, targets, opened)
        return { status: 200, type: opened.contentType, body: await opened.text() }
      },
    })
  }
  return {
    ...(listening === undefined ? {} : { address: listening.address }),
    told: (row, what) => {
      useless = 'givenBack' in what
      if (metrics !== undefined) tell(metrics, targetOf(row), what)
    },
    looked: () => {
      lastLook = performance.now()
      isWell = true
    },
    failed: () => {
      isWell = false
    },
    woke: (transport) => metrics?.count('prov_wakeups_total', { transport }),
    reloaded: (result) => metrics?.count('prov_reloads_total', { files: 'keys', result }),
    refused: (source) => metrics?.count('prov_refused_total', { source }),
    close: async () => listening?.close(),
  }
}

const NO_KEY = 'what is pending is signed by none of the keys given'

function targetOf({ target, slotKey }: Claimed): string {
  return target === SEAL ? slotKey : target
}

function tell(metrics: Metrics, target: string, what: Told): void {
  if ('stale' in what) metrics.count('prov_stale_acks_total')
  else if ('quarantined' in what) metrics.count('prov_quarantined_total')
  else if ('givenBack' in what) metrics.count('prov_given_back_total')
  else {
    metrics.observe('prov_delivery_seconds', what.ms / 1000, { target })
    if (what.settled.state === 'done') metrics.count('prov_delivered_total', { target })
  }
}

/** Asked for with each scrape: so they hold for all workers, whichever answers. */
async function gauges(truth: Truth, targets: readonly string[], metrics: Metrics): Promise<void> {
  const [backlog, lanes] = await Promise.all([truth.backlog(), truth.pausedLanes()])
  metrics.set(
    'prov_deliveries',
    backlog.map(({ target, state, rows }) => ({ labels: { target, state }, value: rows })),
  )
  const names = [...new Set([...targets, ...backlog.map(({ target }) => target)])]
  const oldest = (name: string): number =>
    Math.max(0, ...backlog.flatMap(({ target, oldestMs }) => (target === name ? [oldestMs / 1000] : [])))
  metrics.set(
    'prov_oldest_pending_seconds',
    names.map((target) => ({ labels: { target }, value: oldest(target) })),
  )
  if (names.includes(INDEX)) metrics.set('prov_index_lag_seconds', [{ labels: {}, value: oldest(INDEX) }])
  const paused = (name: string): number => lanes.filter((lane) => lane.split('/')[0] === name).length
  metrics.set(
    'prov_lane_paused',
    names.map((target) => ({ labels: { target }, value: paused(target) })),
  )
}
