/** Which backends a set-up reads, and where they are: two verdicts under one hash were read from the same stores. */
import { hostname } from 'node:os'
import { BACKENDS, isBackend } from '../../backends/index.ts'
import { hashOf } from '../cache/key.ts'
import { realPlace } from '../config/place.ts'
import type { Setup } from './backends.ts'

/** What beside the settings says where a store is. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Name of this machine: what lies on its disk is not what lies under the same path on another. */
  readonly host: string
  /** URL of the cluster's API server, where a backend may read live runs; '' where none was found. */
  readonly cluster?: string
}

export interface Reach {
  /** sha256 in hex. */
  readonly hash: string
  /** How long the checks may take, by setting. */
  readonly limits: Readonly<Record<string, string>>
}

/** Settings of a backend that say how long, not where. */
const LIMITS = /\.(?:timeout|retries)$/
/** What stands on a disk of this machine. */
const ON_DISK = /\.(?:directory|layout|file)$/
const SQLITE = 'sqlite:'

/** @example surroundingsOf(world.env).host */
export function surroundingsOf(env: Surroundings['env']): Surroundings {
  return { env, host: hostname() }
}

/** A backend that reads it reads a cluster. */
const KUBECONFIG = 'KUBECONFIG'

/**
 * With the server that a kubeconfig leads to: its file is named alike before and after another context was chosen.
 *
 * @example (await withCluster(surroundingsOf(world.env), setup)).cluster // 'https://10.0.0.1:6443'
 */
export async function withCluster(
  surroundings: Surroundings,
  { backends, settings }: Pick<Setup, 'backends' | 'settings'>,
): Promise<Surroundings> {
  const isRead = backends.some(({ name }) => isBackend(name) && BACKENDS[name].variables?.includes(KUBECONFIG) === true)
  if (!isRead) return surroundings
  const [kubeconfig, context] = [settings.get('kubernetes.kubeconfig'), settings.get('kubernetes.context')]
  const { findAccess } = await import('../kubernetes/find.ts')
  const access = await findAccess({ kubeconfig, context, env: surroundings.env }).catch(() => undefined)
  return { ...surroundings, cluster: access?.server ?? '' }
}

/**
 * Everything that is set for the backends in use counts, but passwords: what makes no difference costs a verification, what was forgotten would be
 * a wrong verdict. The order is that of --storage, which decides the reference.
 *
 * @example reachOf(setup, surroundingsOf(world.env)).hash
 */
export function reachOf(
  { backends, settings }: Pick<Setup, 'backends' | 'settings'>,
  surroundings: Surroundings,
): Reach {
  const names = backends.map(({ name }) => name)
  const rows = settings.table.rows.filter(({ key, usedBy }) => names.includes(usedBy) || CLUSTER.includes(key))
  const limits = ['storage.timeout', ...rows.map(({ key }) => key).filter((key) => LIMITS.test(key))]
  const where = rows.flatMap(({ key }) => (LIMITS.test(key) ? [] : placed(key, settings.get(key), surroundings)))
  const variables = names
    .flatMap((name) => (isBackend(name) ? (BACKENDS[name].variables ?? []) : []))
    .flatMap((name) => placed(name, surroundings.env[name], surroundings))
  const proxies = Object.entries(surroundings.env)
    .filter(([name]) => PROXIES.includes(name.toUpperCase()))
    .flatMap(([name, value]) => placed(name, value, surroundings))
    .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1))
  const places = backends.map(({ place = '' }) => place)
  return {
    hash: hashOf({ names, places, where, variables, proxies, cluster: surroundings.cluster ?? '' }),
    limits: Object.fromEntries(limits.map((key) => [key, settings.get(key) ?? ''])),
  }
}

/** Who is asked in the place of a host. */
const PROXIES: readonly string[] = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY']

/** Which cluster, where live runs are read or annotated. */
const CLUSTER: readonly string[] = ['kubernetes.kubeconfig', 'kubernetes.context']

/** One setting as it counts; [] when it is not set. */
function placed(key: string, value: string | undefined, { host }: Surroundings): readonly (readonly string[])[] {
  if (value === undefined || value === '') return []
  const path = value.startsWith(SQLITE) ? value.slice(SQLITE.length) : ON_DISK.test(key) ? value : undefined
  return [path === undefined ? [key, withoutPassword(value)] : [key, host, realPlace(path)]]
}

function withoutPassword(value: string): string {
  return value.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/@:]*):[^/@]*@/i, '$1@')
}
