/** What prov knows of a backend before its code is loaded: light data, for help, docs and the configuration. */
import type { OpenBackend } from './backend.ts'
import type { SettingRow } from './setting-row.ts'

/** A key of one backend: it is put to use by that backend, so its row does not say so. */
export type OwnSetting = Omit<SettingRow, 'usedBy'>

export interface BackendRow<ChainsKey extends string = string, ProvKey extends string = string> {
  /** One line for help and docs. */
  readonly summary: string
  readonly load: () => Promise<{ readonly open: OpenBackend }>
  /** Keeps nothing once the process ends: for programs that embed prov, and refused on the command line. */
  readonly fleeting?: true
  /** Keys that name backends and do not take this one; absent: all take it. */
  readonly notIn?: readonly string[]
  /** Variables of the environment that say where its store is while no setting does; absent: none. */
  readonly variables?: readonly string[]
  /** Its own keys, `storage.<name>.…`; absent: none. */
  readonly settings?: {
    /** Those that Tekton Chains has too, with its values and defaults. */
    readonly chains?: Readonly<Record<ChainsKey, OwnSetting>>
    readonly prov?: Readonly<Record<ProvKey, OwnSetting>>
  }
}

/**
 * The row as it was given. Its type keeps the names of the keys and forgets which module is loaded: the declarations of the package name no
 * backend's inside.
 *
 * @example export const memory = backendRow({ summary: 'the memory of the process', load: () => import('./backend.ts') })
 */
export function backendRow<ChainsKey extends string = never, ProvKey extends string = never>(
  row: BackendRow<ChainsKey, ProvKey>,
): BackendRow<ChainsKey, ProvKey> {
  return row
}
