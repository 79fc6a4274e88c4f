/** Input bytes as parsed documents: JSON by JSON.parse, everything else by the YAML parser, which is loaded only then. */
import { ProvError } from '../errors.ts'
import { parseJson } from '../platform/text/strict-json.ts'

/** The YAML parser takes one to two seconds a MiB in the worst case, and much memory; JSON has no such limit. */
const MAX_YAML = 8 * 1024 * 1024

/**
 * The documents of one input, in order. Throws `input_invalid` (not UTF-8, binary, syntax, a key given twice) or `input_too_large`.
 *
 * @example await parseDocuments('run.json', bytes) // [{ apiVersion: 'tekton.dev/v1', … }]
 */
export async function parseDocuments(name: string, bytes: Uint8Array): Promise<readonly unknown[]> {
  const text = decode(name, bytes)
  if (isJson(text)) return [parseJson(name, text)]
  if (bytes.length > MAX_YAML) {
    throw new ProvError(
      'input_too_large',
      `${name}: ${Math.ceil(bytes.length / 1048576)} MiB of YAML; prov reads up to ${MAX_YAML / 1048576} MiB`,
      {
        location: name,
        hint: 'give it as JSON, or in several files',
      },
    )
  }
  const { parseYaml } = await import('../platform/text/strict-yaml.ts')
  return parseYaml(name, text)
}

/** What begins as JSON is held to JSON, unless it goes on as a stream of YAML documents. */
function isJson(text: string): boolean {
  return /^\s*(?:\{\s*["}]|\[)/.test(text) && !/^---/m.test(text)
}

function decode(name: string, bytes: Uint8Array): string {
  const refuse = (what: string): never => {
    throw new ProvError('input_invalid', `${name}: ${what}`, {
      location: name,
      hint: 'give a Tekton run as YAML or JSON in UTF-8',
    })
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return refuse('not UTF-8 text')
  }
  return text.includes('\0') ? refuse('binary, not text') : text
}
