/** Every configuration key, in one table: the parser, the docs' reference and the tests are made from it. Pure. */
import type { BackendRow, OwnSetting } from '../backend/row.ts'
import type { SettingRow } from '../backend/setting-row.ts'
import { CACHE_SETTINGS } from './cache-settings.ts'
import { ARTIFACT_SETTINGS, OTHER_CHAINS_SETTINGS } from './chains-settings.ts'
import { INDEX_SETTINGS } from './index-settings.ts'
import { KEYS_SETTINGS } from './keys-settings.ts'
import { OTHER_PROV_SETTINGS, STORAGE_SETTINGS } from './prov-settings.ts'
import { SERVE_SETTINGS } from './serve-settings.ts'
import { TRUTH_SETTINGS } from './truth-settings.ts'
import { WAKE_SETTINGS } from './wake-settings.ts'

/** The keys that belong to no backend. */
type GeneralKey = keyof (typeof ARTIFACT_SETTINGS &
  typeof OTHER_CHAINS_SETTINGS &
  typeof STORAGE_SETTINGS &
  typeof OTHER_PROV_SETTINGS &
  typeof TRUTH_SETTINGS &
  typeof INDEX_SETTINGS &
  typeof SERVE_SETTINGS &
  typeof WAKE_SETTINGS &
  typeof KEYS_SETTINGS &
  typeof CACHE_SETTINGS)

export interface KeyedRow<Key extends string = string> extends SettingRow {
  readonly key: Key
  /** The environment variable that sets it. */
  readonly variable: string
}

export interface SettingsTable<Key extends string = string> {
  /** In the order of the reference. */
  readonly rows: readonly KeyedRow<Key>[]
  /** undefined for what is no key of the table. */
  row(key: string): KeyedRow<Key> | undefined
}

/** The keys of one backend; of a union, those of each. */
type OwnKey<Row> = Row extends BackendRow<infer ChainsKey, infer ProvKey> ? ChainsKey | ProvKey : never

/**
 * Chains' keys first, then prov's; in both, the keys of each backend follow the general ones of storage, in the order of `backends`. Of prov's,
 * those of backends that have a key in place of a general one (`storage.oci.timeout`) come first, since that row says "the same".
 *
 * @example settingsTableOf(BACKENDS).rows[0]?.variable // 'PROV_ARTIFACTS_TASKRUN_FORMAT'
 */
export function settingsTableOf<Backends extends Readonly<Record<string, BackendRow>>>(
  backends: Backends,
): SettingsTable<GeneralKey | OwnKey<Backends[keyof Backends]>> {
  type Key = GeneralKey | OwnKey<Backends[keyof Backends]>
  const named = Object.entries(backends)
  const chains = named.map(([name, { settings }]) => usedBy(name, settings?.chains))
  const prov = named.map(([name, { settings }]) => usedBy(name, settings?.prov))
  const all: Readonly<Record<Key, SettingRow>> = Object.assign(
    {},
    ARTIFACT_SETTINGS,
    ...chains,
    OTHER_CHAINS_SETTINGS,
    STORAGE_SETTINGS,
    ...prov.filter(leansOnGeneral),
    ...prov.filter((rows) => !leansOnGeneral(rows)),
    OTHER_PROV_SETTINGS,
    TRUTH_SETTINGS,
    INDEX_SETTINGS,
    SERVE_SETTINGS,
    WAKE_SETTINGS,
    KEYS_SETTINGS,
    CACHE_SETTINGS,
  )
  const rows = (Object.keys(all) as Key[]).map((key) => {
    const takers = named.filter(([, { notIn = [] }]) => !notIn.includes(key)).map(([name]) => name)
    const row = all[key]
    return { key, variable: settingVariable(key), ...row, ...(row.type === 'backends' ? { allowed: takers } : {}) }
  })
  const byKey = new Map<string, KeyedRow<Key>>(rows.map((row) => [row.key, row]))
  return { rows, row: (key) => byKey.get(key) }
}

/** True when a key stands for a general one where it is set, and its meaning says "the same". */
function leansOnGeneral(rows: Readonly<Record<string, SettingRow>>): boolean {
  return Object.values(rows).some((row) => row.fallback !== undefined)
}

/** The rows of a backend, whole. */
function usedBy(
  backend: string,
  rows: Readonly<Record<string, OwnSetting>> = {},
): Readonly<Record<string, SettingRow>> {
  return Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, { ...row, usedBy: backend }]))
}

/**
 * The environment variable of a key.
 *
 * @example settingVariable('storage.oci.tag-writes') // 'PROV_STORAGE_OCI_TAG_WRITES'
 */
export function settingVariable(key: string): string {
  return `PROV_${key.toUpperCase().replace(/[.-]/g, '_')}`
}
