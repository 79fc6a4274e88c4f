/** The YAML of a configuration file. Apart from src/config/file.ts, so that the library loads only when there is such a file. */
import { ProvError } from '../../errors.ts'
import { parseYaml, YamlError } from './strict-yaml.ts'

/** Either what the text holds (`{}` when empty, every scalar as text), or what is wrong with it. */
export interface ReadYaml {
  readonly value?: unknown
  readonly problem?: string
}

/** More than any configuration holds. */
const MAX_VALUES = 50_000

/**
 * Reads one document. A problem names the line, not the text: a configuration may hold a token.
 *
 * @example readYaml('builder.id: x').value // { 'builder.id': 'x' }
 */
export function readYaml(text: string): ReadYaml {
  try {
    const [value, ...others] = parseYaml('', text, { scalars: 'text', maxValues: MAX_VALUES })
    return others.length > 0 ? { problem: 'holds more than one document' } : { value: value ?? {} }
  } catch (thrown) {
    if (thrown instanceof YamlError)
      return { problem: `is not valid YAML at line ${thrown.line}, column ${thrown.column} (${thrown.kind})` }
    if (thrown instanceof ProvError)
      return { problem: 'is not valid YAML: too deeply nested, full of aliases, or no Unicode' }
    throw thrown
  }
}
