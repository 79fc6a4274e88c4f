/** The verification service: its routes over what is given to it. It opens no store and reads no setting. */
import { ProvError } from '../errors.ts'
import { within } from '../platform/async/deadline.ts'
import { isLoopback } from '../platform/http/addresses.ts'
import { schema as providerSchema } from '../report/schemas/serve-request.ts'
import type { SearchSource } from '../search/source.ts'
import { type Check, liveness, readiness } from '../service/health.ts'
import { setRegionGauges } from '../service/keys-metrics.ts'
import { hostAndPort, type Page } from '../service/listen.ts'
import type { Metrics } from '../service/metrics.ts'
import type { Answer, Ask, Caller, Route } from '../service/route.ts'
import type { RegionAge } from '../trust/trust.ts'
import type { Truth } from '../truth/truth.ts'
import { type Access, type Known, refusalOf } from './access.ts'
import { mutateKeys, refusedRequest, verifyKeys } from './gatekeeper.ts'
import type { Judging } from './judging.ts'
import type { Queue } from './limits.ts'
import { answerArtifact, answerEntry, answerOutbox, answerSearch, answerVerify, orFailure, QUERIES } from './rest.ts'

export interface Service {
  readonly judging: Judging
  readonly queue: Queue
  readonly metrics: Metrics
  /** What the trusted key sets say of their regions. */
  regions(): readonly RegionAge[]
  /** Whom it knows just now, or knew last. */
  known(): Known
  /** Why it does not know whom to let in; undefined: it does. */
  unsure(): string | undefined
  /** Each keeps it from being ready. */
  readonly checks: Readonly<Record<string, Check>>
  readonly maxKeys: number
  readonly tags: boolean
  /** Absent: none is named, or `serve.data` is off. */
  readonly truth?: (signal: AbortSignal) => Promise<Truth>
  /** Milliseconds since the epoch. */
  now(): number
  /** What a search over it is asked of. */
  search(truth: Truth): Promise<SearchSource>
  /** GET / and GET /v1/events. */
  page(): Promise<Answer>
  events(ask: Ask): Answer
  /** Longest time one question to the truth may take, in milliseconds. */
  readonly deadlineMs: number
}

/** Throws `config_invalid` for an address that others reach while nothing is encrypted. @example refuseOpen('0.0.0.0:8443', true) */
export function refuseOpen(address: string, hasTls: boolean): void {
  const [host] = hostAndPort(address)
  if (hasTls || isLoopback(host)) return
  throw new ProvError(
    'config_invalid',
    `${address} can be reached by others, and without TLS anybody could change the answers`,
    {
      hint: 'use --tls-cert and --tls-key, or listen at 127.0.0.1',
    },
  )
}

/** What monitoring asks, wherever it is served. @example (await probes(service)['/readyz']()).status // 200 */
export function probes({
  metrics,
  queue,
  checks,
  regions,
  now,
}: Service): Readonly<Record<string, () => Promise<Page>>> {
  return {
    '/healthz': async () => liveness(),
    '/readyz': async () => readiness(checks),
    '/metrics': async () => {
      metrics.set('prov_inflight', [{ labels: {}, value: queue.running }])
      metrics.set('prov_queue', [{ labels: {}, value: queue.waiting }])
      setRegionGauges(regions(), metrics, now())
      return { status: 200, type: metrics.contentType, body: await metrics.text() }
    },
  }
}

async function opened({ truth }: Service, signal: AbortSignal): Promise<Truth> {
  if (truth === undefined) throw new ProvError('internal', 'no truth is named')
  return truth(signal)
}

/** @example await openHttp({ address, routes: routesOf(service), … }) */
export function routesOf(service: Service): readonly Route[] {
  const { judging, tags, maxKeys, truth } = service
  const allows = (access: Access) => (caller: Caller) => {
    // Verdicts say so themselves, key by key.
    const why = access === 'data' || access === 'page' ? service.unsure() : undefined
    if (why !== undefined) return { status: 503, code: 'config_invalid', message: why } as const
    return refusalOf(access, caller, service.known())
  }
  const gatekeeper = { judging, tags, maxKeys }
  const provider = (path: string, answer: (ask: Ask) => Promise<Answer>): Route => ({
    method: 'POST',
    path,
    body: providerSchema,
    allows: allows('provider'),
    answer,
    refused: refusedRequest,
  })
  const get = (path: string, access: Access, answer: Route['answer'], query: readonly string[] = []): Route => ({
    method: 'GET',
    path,
    query,
    allows: allows(access),
    answer,
  })
  const over =
    (answer: (ask: Ask, truth: Truth, service: Service) => Promise<Answer>) =>
    (ask: Ask): Promise<Answer> =>
      orFailure(() =>
        within(async (signal) => answer(ask, await opened(service, signal), service), ask, service.deadlineMs),
      )
  return [
    provider('/verify', (ask) => verifyKeys(ask, gatekeeper)),
    provider('/mutate', (ask) => mutateKeys(ask, gatekeeper)),
    get('/v1/verify', 'auditor', (ask) => orFailure(() => answerVerify(ask, judging, { tags })), QUERIES.verify),
    ...(truth === undefined
      ? []
      : [
          get('/v1/artifacts/:uri', 'data', over(answerArtifact)),
          get('/v1/entries/:id', 'data', over(answerEntry)),
          get('/v1/outbox', 'data', over(answerOutbox), QUERIES.outbox),
          get('/v1/search', 'data', over(answerSearch), QUERIES.search),
        ]),
    get('/', 'page', () => service.page()),
    get('/v1/events', 'page', (ask) => service.events(ask)),
    ...Object.entries(probes(service)).map(([path, page]) =>
      get(path, path === '/metrics' ? 'provider' : 'probe', () => page()),
    ),
  ]
}
