/** From settings to open backends. Knows neither flags nor terminal. */
import { isBackend, lastingBackends, noSuchBackend, openBackend } from '../../backends/index.ts'
import type { Backend, Context, Lasting } from '../backend/backend.ts'
import { type FormatChoice, parseBackendList, parseFormats } from '../config/lists.ts'
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import type { FormatOptions } from '../formats/format.ts'
import { formatNamed } from '../formats/index.ts'
import type { Artifact } from '../model/artifact.ts'
import type { RetryOptions } from '../platform/async/retry.ts'
import { pause } from '../platform/io.ts'
import { durationMs } from '../platform/text/duration.ts'
import { TRUTH } from '../truth/truth.ts'
import { callLimitMs, endCalls } from './end-calls.ts'
import { classBackends, classOf, formatFor, formatOptions, refuseUnknown } from './formats.ts'
import { type SettingsOptions, settingsFor, withAbsolutePlaces } from './settings.ts'
import type { World } from './world.ts'

/** Which backends, and in which formats; what is absent is the configuration's to say. */
export interface BackendOptions extends SettingsOptions {
  /** Names, separated by commas. */
  readonly storage?: string
  /** A format, or one by backend: `tekton=slsa/v1,oci=slsa/v1`. */
  readonly format?: string
}

export interface Setup {
  readonly settings: Settings
  readonly formatOptions: FormatOptions
  /** Every backend named anywhere, opened, in the order named. */
  readonly backends: readonly Backend[]
  /** Backends for one artifact; [] when the configuration disables its class. */
  backendsFor(artifact: Artifact): readonly Backend[]
  /** Name of the format that a run is stored in, in that backend. */
  formatFor(artifact: Artifact, backend: string): string
  /** Every format in which a backend is to have the artifact: images may have two. */
  formatsFor(artifact: Artifact, backend: Backend): readonly string[]
  /** True when --format named formats: those are then obligatory in verify. */
  readonly formatNamed: boolean
  /** These formats, by backend; absent when none was named. */
  readonly namedFormats?: Readonly<Record<string, readonly string[]>>
  readonly retry: RetryOptions
  close(): Promise<void>
}

/** What a command reads besides stores. */
export interface Reads {
  /** `truth` may be named among the backends. */
  readonly truth?: boolean
  /** Places on a disk become absolute: whoever delivers works in another folder. */
  readonly absolute?: boolean
  /** For a process that reads for long. */
  readonly lasting?: Lasting
  /** What each backend goes through once it is opened, such as a counter. */
  readonly each?: (backend: Backend) => Backend
}

function onlyRead(): ProvError {
  return new ProvError('usage', 'truth is not a backend to store in: verify, list, get and migrate --from read it', {
    hint: 'prov store --truth URL commits to it',
  })
}

/**
 * Reads the configuration and opens the backends (cheap: they connect on first use). Throws with exit 2.
 *
 * @example const setup = await setUp({ storage: 'tekton,oci' }, world)
 */
export async function setUp(options: BackendOptions, world: World, reads: Reads = {}): Promise<Setup> {
  const read = await settingsFor(options, world)
  const settings = reads.absolute === true && read.get('truth.url') !== undefined ? withAbsolutePlaces(read) : read
  for (const warning of settings.warnings) world.warn(warning)
  const storage = options.storage ?? world.env['PROV_STORAGE']
  const listed = storage === undefined ? undefined : parseBackendList(storage)
  const classes = classBackends(settings, listed)
  const names = backendNames(settings, storage)
  const chosen = options.format === undefined ? undefined : parseFormats(options.format)
  refuseUnknown(chosen, names)
  if (names.includes(TRUTH) && reads.truth !== true) throw onlyRead()
  const opened = await Promise.all(names.map((name) => openNamed(name, settings, world, {}, reads.lasting)))
  const backends = opened.map((backend) => reads.each?.(backend) ?? backend)
  for (const backend of backends) await backend.configured?.()
  const byName = new Map(backends.map((backend) => [backend.name, backend]))
  return {
    settings,
    formatOptions: formatOptions(settings),
    backends,
    backendsFor: (artifact) => classes[classOf(artifact)].flatMap((name) => byName.get(name) ?? []),
    formatFor: (artifact, backend) => formatFor(artifact, backend, chosen, settings),
    formatsFor: (artifact, { name, capabilities }) =>
      artifact.type === 'image'
        ? (capabilities.imageFormats ?? ['simplesigning'])
        : [formatFor(artifact, name, chosen, settings)],
    formatNamed: chosen !== undefined,
    ...(chosen === undefined ? {} : { namedFormats: namedFormats(chosen, names) }),
    retry: {
      budget: { attempts: 1 + Number(settings.get('storage.retries')), totalMs: 60_000 },
      signal: world.signal,
      now: world.now,
      sleep: pause,
      random: Math.random,
      told: ({ attempt, error, waitMs }) => {
        const who = error.backend === undefined ? '' : `${error.backend}: `
        const time = new Date(world.now()).toISOString().slice(11, 19)
        const line = `${time} ${who}try ${attempt} failed: ${error.code}: ${error.message}; next try in ${(waitMs / 1000).toFixed(1)} s`
        ;(world.retrying ?? world.debug)(line)
      },
    },
    close: async () => {
      await Promise.allSettled(backends.map((backend) => backend.close()))
    },
  }
}

function namedFormats(chosen: FormatChoice, names: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const named = names.flatMap((name) => {
    const format = chosen.of(name)
    return format === undefined ? [] : [[name, [formatNamed(format).name]] as const]
  })
  return Object.fromEntries(named)
}

/**
 * One backend, opened, whose calls all end; what it warns of is told. Throws `backend_unknown`, and what its settings are refused for.
 *
 * @param instead settings that count in place of the user's
 *
 * @example await openNamed('oci', settings, world)
 */
export async function openNamed(
  name: string,
  settings: Settings,
  world: World,
  instead: Readonly<Record<string, string | undefined>> = {},
  lasting?: Lasting,
): Promise<Backend> {
  const context: Context = {
    setting: (key) => (Object.hasOwn(instead, key) ? instead[key] : settings.get(key)),
    env: world.env,
    now: world.now,
    random: world.random,
    debug: world.debug,
    ...(lasting === undefined ? {} : { lasting }),
  }
  const backend = name === TRUTH ? await openAsBackend(settings) : await openBackend(name, context)
  for (const warning of backend.warnings ?? []) world.warn(warning)
  return endCalls(backend, callLimitMs(requestMs(name, settings)))
}

async function openAsBackend(settings: Settings): Promise<Backend> {
  const [{ truthBackend }, { truthOf, truthPlace }] = await Promise.all([
    import('../truth/as-backend.ts'),
    import('./truth.ts'),
  ])
  await truthPlace(settings) // a mistake in the settings is said before anything is read
  return truthBackend(() => truthOf(settings, { make: false }))
}

/** The longest time that one request of this backend may take. */
function requestMs(name: string, settings: Settings): number {
  const own = `storage.${name}.timeout`
  const key = settings.table.row(own) === undefined ? 'storage.timeout' : own
  return durationMs(settings.get(key) ?? '60s')
}

/**
 * The backends that a command is to use, each once: those listed, else those of the configuration. Throws `usage` for none, and for one
 * that keeps nothing.
 *
 * @example backendNames(settings, 'tekton,oci') // ['tekton', 'oci']
 */
export function backendNames(settings: Settings, storage: string | undefined): readonly string[] {
  const listed = storage === undefined ? undefined : parseBackendList(storage)
  const names = [...new Set(listed ?? Object.values(classBackends(settings, listed)).flat())]
  const fleeting = names.find((name) => isBackend(name) && !lastingBackends().includes(name))
  if (fleeting !== undefined) {
    throw new ProvError('usage', `${fleeting} keeps nothing once prov ends`, {
      hint: `it is for programs that embed prov; a command stores in ${lastingBackends().join(', ')}`,
    })
  }
  return names
}

/**
 * Throws `backend_unknown` for the first name that is not one.
 *
 * @example refuseNoBackends(['oci', 'ocu'])
 */
export function refuseNoBackends(names: readonly string[]): void {
  if (names.includes(TRUTH)) throw onlyRead()
  const odd = names.find((name) => !isBackend(name))
  if (odd !== undefined) throw noSuchBackend(odd)
}
