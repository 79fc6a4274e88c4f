/** Files of YAML or JSON that say whom to trust: read with bounds, member by member, nothing unknown passed over. */
import { ProvError } from '../errors.ts'
import { readOrRefuse } from '../platform/fs/read-limited.ts'
import { isRecord, type JsonRecord } from '../platform/text/guards.ts'

const MAX_BYTES = 1024 * 1024

/** Reads the parts of one form of file; every method throws `trust_unreadable` with the place in the file. */
export interface YamlForm {
  /** The whole file, of version 1, with no other members than these. */
  read(path: string, known: readonly string[]): Promise<JsonRecord>
  members(where: string, value: unknown, known: readonly string[]): JsonRecord
  /** [] when absent. */
  list(where: string, of: JsonRecord, name: string): readonly unknown[]
  /** undefined when absent. */
  text(where: string, of: JsonRecord, name: string): string | undefined
  /** The error; `why` ends a sentence that begins with the place. */
  refused(where: string, why: string, hint?: string): ProvError
}

/**
 * @param form the hint of every refusal: where the form is described
 *
 * @example yamlForm('prov schema keyring prints the form of a keyring').refused('keyring.yaml', 'names no key')
 */
export function yamlForm(form: string): YamlForm {
  const refused: YamlForm['refused'] = (where, why, hint = form) =>
    new ProvError('trust_unreadable', `${where} ${why}`, { location: where, hint })

  const members: YamlForm['members'] = (where, value, known) => {
    if (!isRecord(value)) throw refused(where, 'is not a mapping of names to values')
    const odd = Object.keys(value).find((name) => !known.includes(name))
    if (odd === undefined) return value
    throw refused(where, `has a member that prov does not know: ${JSON.stringify(odd.slice(0, 40))}`)
  }

  return {
    refused,
    members,
    async read(path, known) {
      const bytes = await readOrRefuse(path, MAX_BYTES, (why) => refused(path, why))
      const { readYaml } = await import('../platform/text/plain-yaml.ts')
      const { value, problem } = readYaml(bytes.toString('utf8'))
      if (problem !== undefined) throw refused(path, problem)
      const file = members(path, value, known)
      if (file['v'] === undefined) throw refused(path, 'does not say of which version it is: v: 1')
      if (file['v'] !== '1') throw refused(path, `is of version ${String(file['v'])}; this prov reads version 1`)
      return file
    },
    list(where, of, name) {
      const value = of[name] ?? []
      if (Array.isArray(value)) return value
      throw refused(where, `has ${name} that are not a list`)
    },
    text(where, of, name) {
      const value = of[name]
      if (value === undefined || (typeof value === 'string' && value !== '')) return value
      throw refused(where, `has a ${name} that is empty or not a text`)
    },
  }
}
