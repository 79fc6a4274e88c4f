/** Every configuration key, in one table: the parser, the docs' reference and the tests are made from it. Chains' keys first, then prov's. */
import { CHAINS_SETTINGS } from './chains-settings.ts'
import { PROV_SETTINGS } from './prov-settings.ts'
import type { SettingRow } from './row.ts'
import { TRUTH_SETTINGS } from './truth-settings.ts'

export const SETTINGS = { ...CHAINS_SETTINGS, ...PROV_SETTINGS, ...TRUTH_SETTINGS } as const satisfies Record<
  string,
  SettingRow
>

export type SettingKey = keyof typeof SETTINGS

/** True for a key of the table. */
export function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(SETTINGS, key)
}

/** The row of a key, with the members that not every row has. */
export function settingRow(key: SettingKey): SettingRow {
  return SETTINGS[key]
}

/**
 * The environment variable of a key.
 *
 * @example settingVariable('storage.oci.tag-writes') // 'PROV_STORAGE_OCI_TAG_WRITES'
 */
export function settingVariable(key: string): string {
  return `PROV_${key.toUpperCase().replace(/[.-]/g, '_')}`
}

/**
 * Every key with its row and variable, in the order of the reference.
 *
 * @example settingsTable()[0]?.variable // 'PROV_ARTIFACTS_TASKRUN_FORMAT'
 */
export function settingsTable(): readonly (SettingRow & { readonly key: SettingKey; readonly variable: string })[] {
  const keys = Object.keys(SETTINGS).filter(isSettingKey)
  return keys.map((key) => ({ key, variable: settingVariable(key), ...settingRow(key) }))
}
