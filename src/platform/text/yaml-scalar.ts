/** Plain YAML scalars as kubectl reads them: go-yaml v2's rules (resolve.go), which are YAML 1.1 without its base-60 numbers. Pure. */

const TRUE = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'])
const FALSE = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'])
const NULL = new Set(['', '~', 'null', 'Null', 'NULL'])
const INFINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/

/**
 * The value of an unquoted scalar. Times stay text, as kubectl leaves them. NaN stands for `.nan` and the infinities, which JSON cannot hold.
 *
 * @example plainValue('0o17') // 15
 */
export function plainValue(text: string): string | number | boolean | null {
  const first = text.charCodeAt(0)
  const numeric = (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x2e
  if (!numeric) {
    if (text.length > 5) return text
    return NULL.has(text) ? null : TRUE.has(text) ? true : FALSE.has(text) ? false : text
  }
  if (INFINITE.test(text)) return Number.NaN
  const plain = first === 0x2e ? text : text.replaceAll('_', '')
  const integer = INTEGER.exec(plain)
  if (integer !== null) return integerOf(integer) ?? floatOf(plain) ?? text
  return floatOf(plain) ?? text
}

function integerOf(match: RegExpExecArray): number | undefined {
  const [, sign, hex, binary, octal, decimal] = match
  const digits = hex ?? binary ?? octal ?? decimal ?? ''
  if (digits.length > 80) return undefined
  const prefix = hex !== undefined ? '0x' : binary !== undefined ? '0b' : octal !== undefined ? '0o' : ''
  const value = BigInt(prefix + digits)
  const limit = sign === '-' ? 2n ** 63n : sign === '+' ? 2n ** 63n - 1n : 2n ** 64n - 1n
  if (value > limit) return undefined
  return sign === '-' ? (value === 0n ? 0 : -Number(value)) : Number(value)
}

function floatOf(plain: string): number | undefined {
  const value = FLOAT.test(plain) ? Number(plain) : undefined
  return value === undefined || !Number.isFinite(value) ? undefined : value
}
