/** The work of `prov serve`. */
import type { Settings } from '../../../config/settings.ts'
import { asProvError } from '../../../errors.ts'
import { type Io, pause, write } from '../../../platform/io.ts'
import { durationMs } from '../../../platform/text/duration.ts'
import { jsonText } from '../../../platform/text/json-text.ts'
import type { ServeCheck } from '../../../report/schemas/serve.ts'
import { checkText } from '../../../report/text/serve-text.ts'
import type { Known } from '../../../serve/access.ts'
import { type Events, liveEvents } from '../../../serve/events.ts'
import type { KeyOutcome } from '../../../serve/judging.ts'
import type { Listener } from '../../../serve/listener.ts'
import { answerPage, lastVerdicts, lookAt } from '../../../serve/page.ts'
import { probes, refuseOpen, routesOf, type Service } from '../../../serve/serve.ts'
import { whyNot } from '../../../service/health.ts'
import { type HttpService, openHttp } from '../../../service/http.ts'
import { REGION_METRICS } from '../../../service/keys-metrics.ts'
import { untilStopped } from '../../../service/lifecycle.ts'
import { listenAt } from '../../../service/listen.ts'
import { type Log, openLog } from '../../../service/log.ts'
import { openMetrics, SERVE_METRICS } from '../../../service/metrics.ts'
import type { Watched } from '../../../service/watched.ts'
import { checkCache } from '../../../setup/cache.ts'
import { searchSource } from '../../../setup/search.ts'
import { settingsFor } from '../../../setup/settings.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { worldOf } from '../../world.ts'
import type { ServeOptions } from './flags.ts'
import {
  type LaterTruth,
  monotonic,
  openLater,
  openListener,
  openVerifier,
  type Scene,
  type Verifier,
} from './parts.ts'

/** Each key has so much less than its request, in which the answer is written and read. */
const MARGIN_MS = 200
/** Requests at one time: more than any admission sends, and no more than memory takes. */
const MOST_REQUESTS = 1000
/** Between two looks at the truth, while somebody watches the page. */
const LOOK_MS = 1000
/** After the drain: the longest request, and its answer. */
const FINISH_MARGIN_MS = 5000

/** Runs until a signal, or with --check until everything was opened; gives the exit status. */
export async function runServe(given: ServeOptions, io: Io): Promise<number> {
  const options = { ...given, set: [...given.set, ...asSettings(given)] }
  const level = options.verbose === true ? 'debug' : options.quiet === true ? 'error' : 'info'
  const log = await openLog({ stream: io.stdout, level, now: () => io.now() })
  const asked = worldOf(io, options)
  const settings = await settingsFor(options, asked)
  const ended = new AbortController()
  const world = {
    ...asked,
    signal: ended.signal,
    warn: (line: string) => (options.check === true ? asked.warn(line) : log.warn('warning', { message: line })),
    debug: (line: string) => log.debug('detail', { message: line }),
  }
  const scene: Scene = {
    options,
    settings,
    world,
    log,
    metrics: await openMetrics({ ...SERVE_METRICS, ...REGION_METRICS }),
  }
  refuseOpen(settings.get('serve.listen') ?? '', settings.get('serve.tls-cert') !== undefined)
  const verifier = await openVerifier(scene)
  let truth: LaterTruth | undefined
  try {
    truth = await openLater(settings)
    return options.check === true ? await check(scene, verifier, truth, io) : await serve(scene, verifier, truth, io)
  } finally {
    ended.abort()
    await Promise.all([verifier.close(), truth?.close()])
  }
}

function asSettings(options: ServeOptions): readonly string[] {
  const { deadline, cache } = options
  const flags = {
    listen: options.listen,
    'metrics-listen': options.metricsListen,
    'tls-cert': options.tlsCert,
    'tls-key': options.tlsKey,
    'client-ca': options.clientCa,
    'token-file': options.tokenFile,
    deadline: deadline === undefined ? undefined : `${deadline}ms`,
    'max-keys': options.maxKeys,
    concurrency: options.concurrency,
  }
  const own = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`serve.${name}=${value}`]))
  return cache === undefined ? own : [`cache.url=${cache}`, ...own]
}

async function serve(scene: Scene, verifier: Verifier, later: LaterTruth | undefined, io: Io): Promise<number> {
  const ends: (() => Promise<void>)[] = []
  try {
    return await served(scene, verifier, later, io, ends)
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

/** @param ends what was opened, to be closed in the opposite order */
async function served(
  scene: Scene,
  verifier: Verifier,
  later: LaterTruth | undefined,
  io: Io,
  ends: (() => Promise<void>)[],
): Promise<number> {
  const { settings, log, metrics } = scene
  let http: HttpService | undefined
  let isDraining = false
  const listener = await openListener(scene, (next) => {
    if (next.tls !== undefined) http?.renew(next.tls)
  })
  ends.push(() => listener.stop())
  const { service, events } = serviceOf(scene, verifier, later, { listener, isDraining: () => isDraining })
  const { tls } = listener.last
  const opened = await openHttp({
    address: settings.get('serve.listen') ?? '',
    routes: routesOf(service),
    ...(tls === undefined ? {} : { tls }),
    most: MOST_REQUESTS,
    served: ({ method, route, status, ms }) => {
      metrics.count('prov_http_requests_total', { route, status: String(status) })
      log.debug('request', { method, route, status, ms: Math.round(ms) })
    },
    failed: (thrown, route) => log.error('failed', { route, message: asProvError(thrown).message }),
  })
  http = opened
  ends.push(async () => {
    opened.abandon()
    await opened.close()
  })
  // They may have changed while it began to listen.
  if (listener.last.tls !== undefined) opened.renew(listener.last.tls)
  const plain = settings.get('serve.metrics-listen')
  const monitored = plain === undefined ? undefined : await listenAt(plain, probes(service))
  if (monitored !== undefined) ends.push(() => monitored.close())
  log.info('listening', {
    address: opened.address,
    tls: tls !== undefined,
    ...(monitored === undefined ? {} : { metrics: monitored.address }),
    backends: verifier.backends,
    version: VERSION,
  })
  const exit = await untilStopped({
    signal: io.signal,
    drainMs: msOf(settings, 'drain'),
    draining: () => {
      isDraining = true
      opened.drain()
      events.close()
      log.info('draining')
    },
    finish: () => opened.close(),
    finishMs: msOf(settings, 'deadline') + FINISH_MARGIN_MS,
    abandon: () => opened.abandon(),
    sleep: pause,
  })
  log.info('ended', { exit })
  return exit
}

interface State {
  readonly listener: Watched<Listener>
  isDraining(): boolean
}

function serviceOf(
  { settings, log, metrics, world }: Scene,
  verifier: Verifier,
  later: LaterTruth | undefined,
  { listener, isDraining }: State,
): { readonly service: Service; readonly events: Events } {
  const deadlineMs = msOf(settings, 'deadline') - MARGIN_MS
  const isShown = settings.get('serve.data') === 'true'
  const verdicts = lastVerdicts()
  const shown = later === undefined || !isShown ? {} : { truth: () => later.open() }
  const live = { ...shown, verdicts, deadlineMs }
  const events = liveEvents({ look: () => lookAt(live), everyMs: LOOK_MS, sleep: pause })
  const service: Service = {
    metrics,
    queue: verifier.queue,
    regions: verifier.regions,
    maxKeys: Number(settings.get('serve.max-keys')),
    tags: settings.get('serve.tags') === 'true',
    deadlineMs,
    now: () => world.now(),
    search: (truth) => searchSource(settings, { truth }),
    ...shown,
    page: () => answerPage({ version: VERSION, backends: verifier.backends }, live),
    events: events.answer,
    judging: {
      judge: () => {
        if (listener.stale !== undefined) throw listener.stale
        return verifier.judge()
      },
      digestOf: verifier.digestOf,
      deadlineMs,
      now: monotonic,
      told: (outcome, ms) => {
        metrics.count('prov_verify_total', { verdict: outcome.judged?.verdict ?? 'error' })
        metrics.observe('prov_verify_seconds', ms / 1000)
        verdicts.add(outcome, world.now())
        tell(log, outcome)
      },
    },
    known: (): Known => {
      const { tls, token } = listener.last
      return { hasClientCa: tls?.clientCa !== undefined, ...(token === undefined ? {} : { token }) }
    },
    unsure: () => listener.stale?.message,
    checks: {
      end: () => (isDraining() ? 'the service is about to end' : undefined),
      keys: () => whyNot(verifier.stale),
      listener: () => whyNot(listener.stale),
    },
  }
  return { service, events }
}

function msOf(settings: Settings, name: 'deadline' | 'drain'): number {
  return durationMs(settings.get(`serve.${name}`) ?? '')
}

/** What was refused, and every fresh verdict; a kept one was told when it was made. */
function tell(log: Log, { judged, error, ...rest }: KeyOutcome): void {
  const image = 'image' in rest ? rest.image : undefined
  if (judged === undefined) log.warn('no_verdict', { code: error?.code, message: error?.message })
  else if (!judged.cached) {
    const { verdict, exit, findings } = judged
    log.info('verdict', { image, verdict, exit, codes: findings.map(({ code }) => code) })
  }
}

async function check(scene: Scene, verifier: Verifier, later: LaterTruth | undefined, io: Io): Promise<number> {
  const { options, settings, world } = scene
  const listener = await openListener(scene, () => undefined)
  await listener.stop()
  const cache = settings.get('cache.url')
  await Promise.all([
    later?.open(),
    cache === undefined ? undefined : checkCache(cache, settings, world, { readOnly: false }),
  ])
  verifier.judge()
  const found: ServeCheck = {
    command: 'serve',
    version: VERSION,
    backends: verifier.backends,
    tls: listener.last.tls !== undefined,
    truth: later !== undefined,
    cache: cache !== undefined,
    exit: 0,
  }
  if (options.json === true) await write(io.stdout, jsonText(found))
  else if (options.quiet !== true) await write(io.stdout, checkText(found, layoutOf(io)))
  return 0
}
