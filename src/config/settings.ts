/** The effective configuration: flags before PROV_* variables before a file before the defaults. */
import type { SettingRow } from '../backend/setting-row.ts'
import { ProvError } from '../errors.ts'
import { nearest } from '../platform/text/suggest.ts'
import { type ConfigFile, configOf, readConfigFile } from './file.ts'
import { type SettingsTable, settingVariable } from './table.ts'
import { readValue } from './value.ts'

export type Origin = 'flag' | 'environment' | 'file' | 'default'

export interface Settings {
  /**
   * The effective value, in one spelling (booleans `true` or `false`, lists joined by commas without blanks), or undefined
   * when it is unset and has no default. Only `artifacts.*.storage` may be the empty text: it means that nothing is
   * stored. Throws `internal` for a key that is not in the table.
   */
  get(key: string): string | undefined
  /** Where the effective value comes from. */
  origin(key: string): Origin
  /** Whole sentences: values that Chains ignores, and the like. */
  readonly warnings: readonly string[]
  /** Every key there is. */
  readonly table: SettingsTable
}

export interface SettingsSource {
  /** Every key there is. */
  readonly table: SettingsTable
  /** Values of --set, each `KEY=VALUE`; of two for one key the last counts. */
  readonly set: readonly string[]
  /** Path of --config; else the variable PROV_CONFIG names it. */
  readonly config?: string | undefined
  /** Reads a `configmap/[NAMESPACE/]NAME` instead of a path; absent: it is taken as a path. */
  readonly readConfigMap?: (reference: string) => Promise<unknown>
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A ConfigMap of the cluster instead of a file. */
export const CONFIG_MAP = /^(?:configmap|cm)\/(?:([a-z0-9.-]+)\/)?([a-z0-9.-]+)$/

/** One value as it was written. */
interface Given {
  readonly key: string
  readonly text: string
  /** How to name the origin in a message: `--set`, a variable, or a file. */
  readonly where: string
  readonly origin: Origin
}

interface Fault {
  readonly code: 'config_invalid' | 'config_unknown_key'
  readonly message: string
  readonly hint?: string | undefined
}

const MAX_LISTED = 10
/** `scheme://user:password@host` in a value. */
const URL_WITH_PASSWORD = /:\/\/[^/@\s:]*:[^/@\s]+@/

/**
 * Reads all three sources and gathers every fault before it throws: `config_unknown_key` with the nearest known name,
 * `config_invalid`. No message holds a secret's value.
 *
 * @example
 * const settings = await loadSettings({ table, set: ['storage.oci.tag-writes=markers'], env: process.env })
 * settings.get('storage.oci.tag-writes') // 'markers'
 */
export async function loadSettings(source: SettingsSource): Promise<Settings> {
  const { table } = source
  const faults: Fault[] = []
  const warnings: string[] = []
  const path = source.config ?? source.env['PROV_CONFIG']
  const file = path === undefined || path === '' ? undefined : await fileOf(path, source)
  for (const message of file?.problems ?? []) faults.push({ code: 'config_invalid', message: `${path}: ${message}` })
  warnings.push(...(file?.warnings ?? []))
  const given: readonly Given[] = [
    ...(file?.entries ?? []).map(([key, text]) => ({ key, text, where: path ?? '', origin: 'file' as const })),
    ...fromEnvironment(source, faults),
    ...fromFlags(source, faults),
  ]
  const values = new Map<string, { readonly value: string; readonly origin: Origin }>()
  for (const { key, text, where, origin } of given) {
    const row = table.row(key)
    if (row === undefined) {
      faults.push(unknownKey(key, where, table))
      continue
    }
    const reading = readValue(row, text)
    if ('refused' in reading) {
      const { refused, hint } = reading
      faults.push({ code: 'config_invalid', message: `${where}: ${key}: ${refused}`, hint })
    } else if ('ignored' in reading) warnings.push(`${where}: ${key}: ${reading.ignored}`)
    else if (reading.value === '' && row.type !== 'backends') values.delete(key)
    else values.set(key, { value: reading.value, origin })
  }
  if (faults.length > 0) throw gathered(faults)
  return settingsOf(values, warnings, table)
}

function fileOf(path: string, { readConfigMap, table }: SettingsSource): Promise<ConfigFile> {
  if (readConfigMap === undefined || !CONFIG_MAP.test(path)) return readConfigFile(path, table)
  return readConfigMap(path).then((content) => configOf(path, content, table))
}

function settingsOf(
  values: ReadonlyMap<string, { readonly value: string; readonly origin: Origin }>,
  warnings: readonly string[],
  table: SettingsTable,
): Settings {
  const known = (key: string): SettingRow => {
    const row = table.row(key)
    if (row !== undefined) return row
    throw new ProvError('internal', `unknown setting ${key}`)
  }
  const get = (key: string): string | undefined => {
    const row = known(key)
    return values.get(key)?.value ?? (row.fallback === undefined ? row.default : get(row.fallback))
  }
  const origin = (key: string): Origin => {
    known(key)
    return values.get(key)?.origin ?? 'default'
  }
  return { get, origin, warnings, table }
}

function fromFlags({ set, table }: SettingsSource, faults: Fault[]): readonly Given[] {
  return set.flatMap((item) => {
    const at = item.indexOf('=')
    const [key, text] = [item.slice(0, at).trim(), item.slice(at + 1)]
    if (at > 0 && !isSecret(table.row(key), text)) return [{ key, text, where: '--set', origin: 'flag' as const }]
    const message = at > 0 ? `--set: ${key} is a secret, which other users could read there` : '--set needs KEY=VALUE'
    const hint = at > 0 ? `set ${settingVariable(key)}, or write it into a file for --config` : undefined
    faults.push({ code: 'config_invalid', message, hint })
    return []
  })
}

function isSecret(row: SettingRow | undefined, text: string): boolean {
  return (row?.secret === true && text !== '') || URL_WITH_PASSWORD.test(text)
}

/** An environment variable that looks like a setting but is not one is a typing error, and must not be ignored. */
function fromEnvironment({ env, table }: SettingsSource, faults: Fault[]): readonly Given[] {
  const byVariable = new Map(table.rows.map(({ variable, key }) => [variable, key]))
  const prefixes = new Set([...byVariable.keys()].map((name) => name.slice(0, name.indexOf('_', 'PROV_'.length) + 1)))
  const given: Given[] = []
  for (const [name, text] of Object.entries(env)) {
    const key = byVariable.get(name)
    if (text === undefined) continue
    if (key !== undefined) given.push({ key, text, where: name, origin: 'environment' })
    else if ([...prefixes].some((prefix) => name.startsWith(prefix))) {
      const near = nearest(name, byVariable.keys())
      const hint = near === undefined ? undefined : `did you mean ${near}?`
      faults.push({ code: 'config_unknown_key', message: `the variable ${name} is not a setting`, hint })
    }
  }
  return given
}

function unknownKey(key: string, where: string, table: SettingsTable): Fault {
  const keys = table.rows.map((row) => row.key)
  const near = nearest(key, keys)
  return {
    code: 'config_unknown_key',
    message: `${where}: unknown setting ${JSON.stringify(key.slice(0, 80))}`,
    hint: near === undefined ? undefined : `did you mean ${near}?`,
  }
}

function gathered(faults: readonly Fault[]): ProvError {
  const [first] = faults
  const code = faults.every((fault) => fault.code === 'config_unknown_key') ? 'config_unknown_key' : 'config_invalid'
  if (first !== undefined && faults.length === 1) return new ProvError(code, first.message, { hint: first.hint })
  const lines = faults.map(({ message, hint }) => `  ${message}${hint === undefined ? '' : ` (${hint})`}`)
  const rest = lines.length > MAX_LISTED ? [`  and ${lines.length - MAX_LISTED} more`] : []
  const message = [`the configuration has ${faults.length} faults:`, ...lines.slice(0, MAX_LISTED), ...rest]
  const listed = faults.map(({ hint, ...fault }) => ({ ...fault, ...(hint === undefined ? {} : { hint }) }))
  return new ProvError(code, message.join('\n'), { faults: listed })
}
