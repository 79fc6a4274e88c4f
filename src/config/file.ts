/** Reads a configuration file: prov's own YAML, or a Tekton Chains ConfigMap as it is. */

import { ProvError } from '../errors.ts'
import { readOrRefuse } from '../platform/fs/read-limited.ts'
import { isRecord } from '../platform/text/guards.ts'
import type { SettingsTable } from './table.ts'

const MAX_CONFIG_BYTES = 1024 * 1024
/** The longest key of the table has five parts. */
const MAX_DEPTH = 8

export interface ConfigFile {
  /** Keys as written, nested ones joined by dots; unknown ones included. */
  readonly entries: readonly (readonly [key: string, value: string])[]
  /** What is wrong with it, each the whole of a sentence. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * Reads `path`. Values are text exactly as written (YAML's own types are not applied: `yes` and `0x10` stay what they
 * are). Throws `config_invalid` when the file cannot be read or is not a YAML mapping.
 *
 * @example (await readConfigFile('chains-config.yaml', table)).entries // [['artifacts.taskrun.storage', 'tekton, oci'], …]
 */
export async function readConfigFile(path: string, table: SettingsTable): Promise<ConfigFile> {
  return configOf(path, await parseYaml(path, await readText(path)), table)
}

/**
 * The same of what has been read already, a ConfigMap of a cluster for one. Scalars must be texts.
 *
 * @example configOf('chains-config', { kind: 'ConfigMap', data: { 'builder.id': 'x' } }, table).entries // [['builder.id', 'x']]
 */
export function configOf(path: string, content: unknown, table: SettingsTable): ConfigFile {
  if (!isRecord(content)) throw invalid(path, 'is not a mapping of keys to values')
  const { kind, apiVersion, data, metadata, ...rest } = content
  if (kind === undefined && apiVersion === undefined) return flatten(content, table)
  if (kind !== 'ConfigMap') {
    const named = typeof kind === 'string' ? ` (kind ${JSON.stringify(kind.slice(0, 40))})` : ''
    throw invalid(path, `is neither prov's own configuration nor a ConfigMap${named}`)
  }
  if (data !== undefined && data !== null && data !== '' && !isRecord(data))
    throw invalid(path, 'is a ConfigMap whose data is not a mapping')
  const name = isRecord(metadata) ? metadata['name'] : undefined
  const named = name === undefined || name === 'chains-config'
  const { _example, ...values } = isRecord(data) ? data : {}
  return {
    ...flatten(values, table),
    warnings: [
      ...(named ? [] : [`${path} is the ConfigMap ${JSON.stringify(name)}, not chains-config`]),
      ...(rest['binaryData'] === undefined ? [] : [`${path}: binaryData is not read`]),
      ...(Object.keys(values).length === 0 ? [`${path} is a ConfigMap without settings`] : []),
    ],
  }
}

function flatten(mapping: Readonly<Record<string, unknown>>, table: SettingsTable): ConfigFile {
  const entries: [string, string][] = []
  const problems: string[] = []
  const walk = (value: unknown, path: readonly string[]): void => {
    const key = path.join('.')
    if (typeof value === 'string') entries.push([key, value])
    else if (Array.isArray(value)) readSequence(key, value)
    else if (!isRecord(value)) problems.push(`${key} has no value`)
    else if (path.length > MAX_DEPTH) problems.push(`${key} is nested too deeply`)
    else for (const [name, inner] of Object.entries(value)) walk(inner, [...path, name])
  }
  const readSequence = (key: string, items: readonly unknown[]): void => {
    const row = table.row(key)
    const takesLists = row?.type === 'list' || row?.type === 'backends'
    const texts = items.filter((item) => typeof item === 'string')
    if (!takesLists && row !== undefined) problems.push(`${key} takes one value, not a list`)
    else if (texts.length < items.length || texts.some((item) => item.includes(','))) {
      problems.push(`${key} holds something else than plain values`)
    } else if (texts.some((item) => item.trim() === '')) problems.push(`${key} has an empty element`)
    else entries.push([key, texts.join(',')])
  }
  walk(mapping, [])
  const twice = entries.map(([key]) => key).filter((key, i, keys) => keys.indexOf(key) < i)
  for (const key of new Set(twice)) problems.push(`${key} is set twice`)
  return { entries, problems, warnings: [] }
}

async function readText(path: string): Promise<string> {
  const bytes = await readOrRefuse(path, MAX_CONFIG_BYTES, (why) => invalid(path, why))
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid(path, 'is not UTF-8')
  }
}

async function parseYaml(path: string, text: string): Promise<unknown> {
  const { readYaml } = await import('../platform/text/plain-yaml.ts')
  const { value, problem } = readYaml(text)
  if (problem !== undefined) throw invalid(path, problem)
  return value
}

function invalid(path: string, reason: string): ProvError {
  return new ProvError('config_invalid', `configuration ${path} ${reason}`, { location: path })
}
