/** Every payload format by name, and the aliases Chains has for them. */
import { ProvError } from '../errors.ts'
import { nearest } from '../platform/text/suggest.ts'
import { cosignSign } from './cosign-sign.ts'
import type { Format } from './format.ts'
import { simplesigning } from './simplesigning.ts'
import { slsaV1 } from './slsa/v1.ts'
import { slsaV2alpha3, slsaV2alpha4 } from './slsa/v2.ts'
import { statement } from './statement-format.ts'

/** In the order of the help. */
export const FORMATS: readonly Format[] = [slsaV1, slsaV2alpha3, slsaV2alpha4, simplesigning, cosignSign, statement]

const ALIASES: Readonly<Record<string, string>> = { 'in-toto': 'slsa/v1' }

/**
 * A format by its name or alias. Throws `format_unknown` with the nearest known name.
 *
 * @example formatNamed('in-toto').name // 'slsa/v1'
 */
export function formatNamed(name: string): Format {
  const wanted = Object.hasOwn(ALIASES, name) ? ALIASES[name] : name
  const found = FORMATS.find((format) => format.name === wanted)
  if (found !== undefined) return found
  const names = [...FORMATS.map((format) => format.name), ...Object.keys(ALIASES)]
  const near = nearest(name, names)
  throw new ProvError('format_unknown', `unknown format ${JSON.stringify(name.slice(0, 80))}`, {
    hint: near === undefined ? `known formats: ${names.join(', ')}` : `did you mean ${near}?`,
  })
}
