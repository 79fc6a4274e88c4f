/** The configuration that counts: what was given, the environment, and a file or a ConfigMap of the cluster. */
import { resolve } from 'node:path'
import { CONFIG_MAP, loadSettings, type Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import { SETTINGS_TABLE } from './settings-table.ts'
import type { World } from './world.ts'

/** What stands for settings; each member may be absent. */
export interface SettingsOptions {
  /** A file, or `configmap/[NAMESPACE/]NAME` of the cluster. */
  readonly config?: string
  /** `KEY=VALUE`, which count before everything else. */
  readonly set?: readonly string[]
  readonly kubeconfig?: string
  readonly context?: string
  readonly tektonFile?: string
  /** URL of the source of truth. */
  readonly truth?: string
  /** URL of the search index. */
  readonly index?: string
  /** Seconds. */
  readonly timeout?: number
}

/** Where Tekton Chains keeps its configuration when nobody says otherwise. */
const CHAINS_NAMESPACE = 'tekton-chains'

/**
 * Reads the configuration. `--config configmap/[NAMESPACE/]NAME` reads it from the cluster that flags and environment name.
 * Throws with exit 2, or what the cluster answered.
 *
 * @example (await settingsFor({ config: 'configmap/chains-config' }, world)).get('storage.oci.repository')
 */
export async function settingsFor(options: SettingsOptions, world: World): Promise<Settings> {
  const source = { table: SETTINGS_TABLE, set: asSettings(options, world.env), env: world.env }
  const readConfigMap = async (reference: string): Promise<unknown> => {
    const { clusterOf } = await import('./cluster.ts')
    const own = await loadSettings({ ...source, env: { ...world.env, PROV_CONFIG: undefined } })
    const cluster = clusterOf(own, { ...world, debug: () => undefined })
    try {
      const [, namespace = CHAINS_NAMESPACE, name = ''] = CONFIG_MAP.exec(reference) ?? []
      const where = { operation: 'read the configuration', location: reference }
      const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`
      const { data, metadata } = await cluster.call({ method: 'GET', path, where, signal: world.signal })
      return { kind: 'ConfigMap', metadata, data }
    } finally {
      cluster.close()
    }
  }
  return loadSettings({ ...source, config: options.config, readConfigMap })
}

/** Settings that name a file or a folder of a backend. */
const ON_DISK = /^storage\.[a-z0-9]+\.(?:directory|layout|file)$/

/**
 * The same settings, with absolute paths for the places of backends on a disk.
 *
 * @example withAbsolutePlaces(settings).get('storage.gcs.directory') // '/srv/prov/gcs'
 */
export function withAbsolutePlaces(settings: Settings): Settings {
  return {
    ...settings,
    get: (key) => {
      const value = settings.get(key)
      if (value === undefined) return undefined
      if (ON_DISK.test(key)) return resolve(value)
      if (key !== 'storage.docdb.url' || !value.startsWith('sqlite:')) return value
      return `sqlite:${resolve(value.slice('sqlite:'.length))}`
    },
  }
}

const WITH_PASSWORD = /^[a-z]+:\/\/[^/@\s:]*:[^/@\s]*@/

/** For a URL that others could read. */
export function passwordInUrl(of: 'truth' | 'index' | 'cache' = 'truth'): ProvError {
  return new ProvError('usage', `the URL of the ${of} holds a password, which others could read`, {
    hint: `write the password into a file, and name that with --set ${of}.password-file=FILE`,
  })
}

/** What stands for a setting, as `--set` has it. */
function asSettings(options: SettingsOptions, env: World['env']): readonly string[] {
  const { tektonFile, timeout, kubeconfig, context, truth = env['PROV_TRUTH'], index } = options
  if (truth !== undefined && WITH_PASSWORD.test(truth)) throw passwordInUrl()
  if (index !== undefined && WITH_PASSWORD.test(index)) throw passwordInUrl('index')
  return [
    ...(kubeconfig === undefined ? [] : [`kubernetes.kubeconfig=${kubeconfig}`]),
    ...(context === undefined ? [] : [`kubernetes.context=${context}`]),
    ...(tektonFile === undefined ? [] : [`storage.tekton.file=${tektonFile}`]),
    ...(truth === undefined || truth === '' ? [] : [`truth.url=${truth}`]),
    ...(index === undefined || index === '' ? [] : [`index.url=${index}`]),
    ...(timeout === undefined ? [] : [`storage.timeout=${timeout}`]),
    ...(options.set ?? []),
  ]
}
