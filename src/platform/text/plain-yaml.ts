/** The YAML of a configuration file. Apart from src/config/file.ts, so that the library loads only when there is such a file. */
import { LineCounter, parseAllDocuments } from 'yaml'

/** Either what the text holds (`{}` when empty, every scalar as text), or what is wrong with it. */
export interface ReadYaml {
  readonly value?: unknown
  readonly problem?: string
}

/**
 * Reads one document. A problem names the line, not the text: a configuration may hold a token.
 *
 * @example readYaml('builder.id: x').value // { 'builder.id': 'x' }
 */
export function readYaml(text: string): ReadYaml {
  const lineCounter = new LineCounter()
  try {
    const documents = parseAllDocuments(text, { schema: 'failsafe', prettyErrors: false, lineCounter })
    const [document, second] = Array.isArray(documents) ? documents : []
    if (document === undefined) return { value: {} }
    const fault = document.errors[0] ?? document.warnings[0]
    if (fault === undefined && second === undefined) return { value: document.toJS({ maxAliasCount: 20 }) }
    const { line, col } = lineCounter.linePos(fault?.pos[0] ?? 0)
    if (fault === undefined) return { problem: 'holds more than one document' }
    return { problem: `is no YAML at line ${line}, column ${col} (${fault.code})` }
  } catch {
    return { problem: 'is no YAML that can be read: too deeply nested, or full of aliases' }
  }
}
