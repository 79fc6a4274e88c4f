/** Puts the parts together on first use: registry or directory, credentials, protocol. */
import type { Context, Lasting } from '../../src/backend/backend.ts'
import { VERSION } from '../../src/version.ts'
import type { Registry } from './port.ts'
import { dockerCredentials } from './registry/docker-config.ts'
import type { HostPolicy } from './registry/hosts.ts'
import type { OciSettings } from './settings.ts'
import { readback } from './tags/readback.ts'
import { type Protocol, type ProtocolOptions, type TagWriter, tagWriter } from './tags/writes.ts'

export interface Connection {
  readonly registry: Registry
  readonly protocol: Protocol
  readonly writer: TagWriter
}

const HELPER_TIMEOUT_MS = 30_000

/**
 * @param wrap what everything then goes through in the registry's stead
 *
 * @example const { registry } = await connect(settings, policy, context)
 */
export async function connect(
  settings: OciSettings,
  policy: HostPolicy,
  context: Context,
  wrap: (registry: Registry) => Registry = (plain) => plain,
): Promise<Connection> {
  const { lasting } = context
  const opened =
    settings.layout === undefined ? await remote(settings, policy, context) : await directory(settings.layout, context)
  const remembers = lasting !== undefined && lasting.memoryBytes > 0 && settings.layout === undefined
  const registry = wrap(remembers ? await remembering(opened, lasting.memoryBytes) : opened)
  const { now, random, debug } = context
  const protocol = await protocolOf(settings, {
    registry,
    now: () => now(),
    random: (size) => random(size),
    debug: (line) => debug(line),
  })
  return { registry, protocol, writer: tagWriter(protocol) }
}

async function protocolOf(settings: OciSettings, options: ProtocolOptions): Promise<Protocol> {
  if (settings.tagWrites === 'readback' || options.registry.conditional) return readback(options)
  return (await import('./tags/markers.ts')).markers({ ...options, requestMs: settings.requestMs })
}

async function remote(settings: OciSettings, policy: HostPolicy, context: Context): Promise<Registry> {
  const { remoteRegistry } = await import('./registry/registry.ts')
  const { env, lasting } = context
  const pace = lasting === undefined ? undefined : await paceOf(lasting)
  const credentials = dockerCredentials({
    env,
    names: policy.names,
    runHelper: async (name, server, query) => {
      const { runCredentialHelper } = await import('./registry/credential-helper.ts')
      return runCredentialHelper(name, server, query, env, HELPER_TIMEOUT_MS)
    },
  })
  return remoteRegistry({
    connectMs: Math.min(10_000, settings.requestMs),
    requestMs: settings.requestMs,
    attempts: 3,
    budget: 20,
    baseDelayMs: 200,
    maxDelayMs: 20_000,
    insecure: settings.insecure,
    caFile: settings.caFile,
    env,
    userAgent: `prov/${VERSION}`,
    credentials,
    pace,
    now: () => context.now(),
    random: (size) => context.random(size),
    debug: (line) => context.debug(line),
  })
}

async function paceOf({ perSecond }: Lasting) {
  return (await import('../../src/platform/http/pace.ts')).hostPace({ perSecond, now: () => performance.now() })
}

async function remembering(registry: Registry, bytes: number): Promise<Registry> {
  return (await import('./registry/remembered.ts')).remembered(registry, bytes)
}

async function directory(path: string, context: Context): Promise<Registry> {
  const { layoutRegistry } = await import('./image-layout/registry.ts')
  return layoutRegistry({ directory: path, now: () => context.now(), random: (size) => context.random(size) })
}
