/** YAML text as the library's document and as data; whatever goes wrong is one error. Pure. */
import { type Document, parseDocument } from 'yaml'
import { ProvError } from '../../../src/errors.ts'
import { NAME } from '../layout.ts'

export interface ParsedYaml {
  readonly document: Document.Parsed
  readonly value: unknown
}

/**
 * Parses one document. Throws `response_invalid` when it is not YAML, nests too deep, or writes its aliases out to more than a hundred times.
 *
 * @example parseYaml('metadata: {uid: x}').value // { metadata: { uid: 'x' } }
 */
export function parseYaml(text: string): ParsedYaml {
  try {
    // Keys given twice are refused when the input is read; here the check would only cost time, which grows with the square of their number.
    const document = parseDocument(text, { logLevel: 'silent', merge: true, uniqueKeys: false })
    const [error] = document.errors
    if (error !== undefined) throw error
    return { document, value: document.toJS({ maxAliasCount: 100 }) }
  } catch (cause) {
    const [line = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    throw new ProvError('response_invalid', `the file is not valid YAML: ${line}`, {
      backend: NAME,
      operation: 'read',
      cause,
    })
  }
}
