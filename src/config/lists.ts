/** Lists as the command line gives them: of backends, and of formats by backend. Pure; whether a name exists is checked elsewhere. */
import { ProvError } from '../errors.ts'

/**
 * Backends separated by commas, in the order given, each once. Throws `usage` for an empty list or element; with `empty`
 * the empty text gives [] (in configuration it means that nothing is stored).
 *
 * @example parseBackendList('tekton, oci') // ['tekton', 'oci']
 */
export function parseBackendList(text: string, options: { readonly empty?: boolean } = {}): readonly string[] {
  if (text === '' && options.empty === true) return []
  return [...new Set(elements(text, 'backends'))]
}

/** Which format each backend gets. */
export interface FormatChoice {
  /** The backends that are named, [] when one format is for all. */
  readonly backends: readonly string[]
  /** The format for a backend; undefined when nothing was said about it. */
  of(backend: string): string | undefined
}

/**
 * `FORMAT` for all backends, `BACKEND=FORMAT,…` for some, or both: then the bare one is for the rest. Throws `usage` for an
 * empty element, and for a backend (or the rest) named twice with unlike formats.
 *
 * @example parseFormats('tekton=slsa/v1,docdb=slsa/v2alpha4').of('docdb') // 'slsa/v2alpha4'
 */
export function parseFormats(text: string): FormatChoice {
  const formats = new Map<string, string>()
  for (const element of elements(text, 'formats')) {
    const at = element.indexOf('=')
    const [backend, format] = at < 0 ? ['', element] : [element.slice(0, at).trim(), element.slice(at + 1).trim()]
    if (format === '' || at === 0 || (at > 0 && backend === '')) {
      throw usage(`the format list has an element without ${format === '' ? 'a format' : 'a backend'}`, FORMAT_HINT)
    }
    if ((formats.get(backend) ?? format) !== format) {
      throw usage(`the format list names two formats for ${backend === '' ? 'all backends' : backend}`, FORMAT_HINT)
    }
    formats.set(backend, format)
  }
  return {
    backends: [...formats.keys()].filter((backend) => backend !== ''),
    of: (backend) => formats.get(backend) ?? formats.get(''),
  }
}

const FORMAT_HINT = 'write FORMAT, or BACKEND=FORMAT,BACKEND=FORMAT'

function elements(text: string, what: string): readonly string[] {
  const items = text.split(',').map((item) => item.trim())
  if (text.trim() === '') throw usage(`the list of ${what} is empty`)
  if (items.includes('')) throw usage(`the list of ${what} ${JSON.stringify(text.slice(0, 80))} has an empty element`)
  return items
}

function usage(message: string, hint?: string): ProvError {
  return new ProvError('usage', message, { hint })
}
