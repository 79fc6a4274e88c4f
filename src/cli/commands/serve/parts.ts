/** What `prov serve` is made of, opened: keys and policy that follow their files, the listener's certificates, the truth. */
import type { CacheEvents } from '../../../cache/cache.ts'
import type { Judge } from '../../../cache/judged.ts'
import type { Settings } from '../../../config/settings.ts'
import { CONFIG_MAP } from '../../../config/settings.ts'
import { refuseUnsupported } from '../../../config/unsupported-settings.ts'
import { ProvError } from '../../../errors.ts'
import { pause } from '../../../platform/io.ts'
import { durationMs } from '../../../platform/text/duration.ts'
import { counted } from '../../../serve/counted.ts'
import { LATE_MS } from '../../../serve/judging.ts'
import { boundedQueue, type Queue } from '../../../serve/limits.ts'
import { filesOf, type Listener, type ListenerFiles, readListener } from '../../../serve/listener.ts'
import { type ResolveTag, rememberedTags } from '../../../serve/tags.ts'
import { followTrust, LOOK_MS } from '../../../service/followed-trust.ts'
import type { Log } from '../../../service/log.ts'
import type { Metrics } from '../../../service/metrics.ts'
import { type Watched, watchFiles } from '../../../service/watched.ts'
import { type Setup, setUp } from '../../../setup/backends.ts'
import { type VerdictCache, verdictCache } from '../../../setup/cache.ts'
import { demandsFor } from '../../../setup/demands.ts'
import { surroundingsOf } from '../../../setup/reach.ts'
import { refuseAnyHost } from '../../../setup/refuse-any-host.ts'
import { truthOf, truthPlace } from '../../../setup/truth.ts'
import { verdictsOf } from '../../../setup/verdicts.ts'
import type { World } from '../../../setup/world.ts'
import type { RegionAge, Trust } from '../../../trust/trust.ts'
import type { Truth } from '../../../truth/truth.ts'
import type { Demands } from '../../../verify/verdict.ts'
import type { ServeOptions } from './flags.ts'

export interface Scene {
  readonly options: ServeOptions
  readonly settings: Settings
  readonly world: World
  readonly log: Log
  readonly metrics: Metrics
}

/** Verifications by a policy that was replaced may still be under way. */
const OLD_SETUP_MS = 60_000
/** So many verifications may wait for each that runs. */
const WAIT_FOR_EACH = 16

type Policy = { readonly setup: Setup; readonly demands: Demands }

export interface Verifier {
  /** By the keys and the policy that count now; throws why none can count. */
  judge(): Judge
  readonly digestOf: ResolveTag
  readonly queue: Queue
  readonly backends: readonly string[]
  /** What the key sets that count now, or counted last, say of their regions. */
  regions(): readonly RegionAge[]
  /** Why keys or policy cannot count. */
  readonly stale: ProvError | undefined
  close(): Promise<void>
}

/** @example const verifier = await openVerifier(scene) */
export async function openVerifier(scene: Scene): Promise<Verifier> {
  const { options, settings, world } = scene
  const cache = await openCache(scene)
  const policies = await watchFiles<Policy>({
    ...follow(scene, 'the configuration', 'keys'),
    files: () => configFiles(options, world),
    load: () => policyOf(scene),
    dispose: ({ setup }) => void setTimeout(() => void setup.close(), OLD_SETUP_MS).unref(),
  })
  const closePolicies = async (): Promise<void> => {
    const { setup } = policies.last
    await policies.stop()
    await Promise.all([setup.close(), cache.close()])
  }
  const trusts = await followTrust(options, world, follow(scene, 'the trusted keys', 'keys')).catch(
    async (thrown: unknown) => {
      await closePolicies()
      throw thrown
    },
  )
  const places = Number(settings.get('serve.concurrency'))
  const queue = boundedQueue(places, WAIT_FOR_EACH * places)
  let made: { readonly policy: Policy; readonly trust: Trust; readonly judge: Judge } | undefined
  return {
    queue,
    backends: policies.last.setup.backends.map(({ name }) => name),
    judge() {
      const [policy, trust] = [policies.current, trusts.current]
      if (made?.policy !== policy || made.trust !== trust) {
        const judge = verdictsOf({ cache, ...policy, trust, surroundings: surroundingsOf(world.env), turn: queue.run })
        made = { policy, trust, judge }
      }
      return made.judge
    },
    digestOf: rememberedTags((repository, tag, signal) => resolve(policies, repository, tag, signal), monotonic),
    regions: () => trusts.last.regions ?? [],
    get stale() {
      return policies.stale ?? trusts.stale
    },
    close: async () => {
      await Promise.all([trusts.stop(), closePolicies()])
    },
  }
}

/** The cache that the settings name, counted. It is not waited for, and none of its failures is one of the service. */
function openCache({ settings, world, log, metrics }: Scene): Promise<VerdictCache> {
  const events: CacheEvents = {
    counted: (provider, result) => metrics.count('prov_cache_total', { provider, result }),
    took: (_, ms) => metrics.observe('prov_cache_seconds', ms / 1000),
    failed: (provider, { code, message }) => log.warn('cache_failed', { provider, code, message }),
  }
  return verdictCache(settings.get('cache.url') ?? 'none', settings, world, { events, longestMs: LATE_MS })
}

/** @example monotonic() // milliseconds since some fixed point in time */
export function monotonic(): number {
  return performance.now()
}

/** What all that follows files has in common. */
function follow({ settings, log, metrics }: Scene, what: string, files: 'keys' | 'listener') {
  return {
    what,
    everyMs: LOOK_MS,
    staleMs: durationMs(settings.get('serve.stale-config') ?? '60s'),
    now: monotonic,
    sleep: pause,
    changed: () => {
      metrics.count('prov_reloads_total', { files, result: 'used' })
      log.info('reloaded', { what })
    },
    failed: ({ code, message }: ProvError) => {
      metrics.count('prov_reloads_total', { files, result: 'refused' })
      log.warn('reload_refused', { what, code, message })
    },
  }
}

function configFiles({ config }: ServeOptions, { env }: World): readonly string[] {
  const path = config ?? env['PROV_CONFIG'] ?? ''
  return path === '' || CONFIG_MAP.test(path) ? [] : [path]
}

function lastingOf(settings: Settings) {
  const rate = Number(settings.get('serve.registry-rate'))
  return {
    perSecond: rate === 0 ? Number.POSITIVE_INFINITY : rate,
    memoryBytes: Number(settings.get('serve.registry-memory')) * 1024 * 1024,
  }
}

async function policyOf({ options, world, settings, metrics }: Scene): Promise<Policy> {
  const each = (backend: Parameters<typeof counted>[0]) =>
    counted(backend, (name, code) => metrics.count('prov_backend_requests_total', { backend: name, code }))
  const setup = await setUp(options, world, { truth: true, each, lasting: lastingOf(settings) })
  try {
    const names = setup.backends.map(({ name }) => name)
    refuseUnsupported(setup.settings, ['format', ...names])
    refuseAnyHost(setup.settings, names)
    return { setup, demands: demandsFor(options, setup) }
  } catch (thrown) {
    await setup.close()
    throw thrown
  }
}

async function resolve(
  { current: { setup } }: Watched<Policy>,
  repository: string,
  tag: string,
  signal: AbortSignal,
): Promise<string> {
  const backend = setup.backends.find(({ resolveTag }) => resolveTag !== undefined)
  if (backend?.resolveTag === undefined) {
    throw new ProvError('not_supported', 'no backend of this service knows tags', {
      hint: 'name the image by its digest',
    })
  }
  const digest = await backend.resolveTag(repository, tag, { signal })
  if (digest !== undefined) return digest
  throw new ProvError('image_invalid', `${repository} has no tag ${tag}`)
}

/** @example const listener = await openListener(scene, (next) => http.renew(next)) */
export async function openListener(scene: Scene, renewed: (next: Listener) => void): Promise<Watched<Listener>> {
  const files = listenerFiles(scene.settings)
  const common = follow(scene, 'the certificates and the token', 'listener')
  const watched: Watched<Listener> = await watchFiles<Listener>({
    ...common,
    files: () => filesOf(files),
    load: () => readListener(files),
    dispose: () => undefined,
    changed: () => {
      common.changed()
      renewed(watched.last)
    },
  })
  return watched
}

function listenerFiles(settings: Settings): ListenerFiles {
  const path = (name: string): string | undefined => settings.get(`serve.${name}`)
  const [cert, key, clientCa, token] = [path('tls-cert'), path('tls-key'), path('client-ca'), path('token-file')]
  if ((cert === undefined) !== (key === undefined)) {
    throw new ProvError('config_invalid', 'a certificate and its key go together', {
      hint: 'use --tls-cert and --tls-key',
    })
  }
  if (clientCa !== undefined && cert === undefined) {
    throw new ProvError('config_invalid', '--client-ca wants TLS', { hint: 'use --tls-cert and --tls-key as well' })
  }
  const tls =
    cert === undefined || key === undefined
      ? {}
      : { tls: { cert, key, ...(clientCa === undefined ? {} : { clientCa }) } }
  return { ...tls, ...(token === undefined ? {} : { token }) }
}

/** Opened by whoever asks first, and again after a failure: verdicts do not wait for it. Throws what is wrong with the settings. */
export async function openLater(settings: Settings): Promise<LaterTruth | undefined> {
  if (settings.get('truth.url') === undefined) return undefined
  await truthPlace(settings)
  let opened: Promise<Truth> | undefined
  const open = (): Promise<Truth> => {
    opened ??= truthOf(settings, { make: false }).catch((thrown: unknown) => {
      opened = undefined
      throw thrown
    })
    return opened
  }
  return { open, close: async () => (await opened?.catch(() => undefined))?.close() }
}

export interface LaterTruth {
  open(): Promise<Truth>
  close(): Promise<void>
}
