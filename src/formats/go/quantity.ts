/** Amounts of memory, processors and the like as Kubernetes rewrites them (apimachinery pkg/api/resource/quantity.go). Pure. */
import { trimSpace } from '../tekton/type-hints.ts'

type Style = 'si' | 'binary' | 'exponent'

interface Suffix {
  readonly style: Style
  /** Of ten, or of two where the style is binary. */
  readonly exponent: number
}

const SI: ReadonlyMap<string, number> = new Map(
  ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'].map((letter, i) => [letter, (i - 3) * 3]),
)
const BINARY: readonly string[] = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const NANO = -9
/** Kubernetes keeps no number of so many digits. */
const MAX_LENGTH = 1000
const LARGEST = 2n ** 63n - 1n

/**
 * The spelling in which Go writes a quantity back; undefined for what is none. One that is in its shortest form keeps its own spelling.
 *
 * @example canonicalQuantity('1024Mi') // '1Gi'
 */
export function canonicalQuantity(given: string): string | undefined {
  if (given.length > MAX_LENGTH) return undefined
  const text = trimSpace(given)
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text)
  const suffix = suffixOf(match?.[4] ?? '')
  if (text === '' || match === null || suffix === undefined) return undefined
  const [, sign = '', whole = '', fraction = ''] = match
  const digits = `${whole.replace(/^0+/, '') || '0'}${fraction}`
  const value = BigInt(digits)
  if (isShortest(digits, fraction.length, value, suffix)) return text
  if (value === 0n) return '0'
  const signed = sign === '-' ? '-' : ''
  const { style, exponent } = suffix
  if (style !== 'binary') return signed + decimal(...rounded(value, exponent - fraction.length), style)
  const [unscaled, scale] = rounded(value << BigInt(exponent), -fraction.length)
  const power = 10n ** BigInt(-scale)
  if (unscaled > LARGEST * power) return `${signed}${LARGEST}`
  if (unscaled % power !== 0n || unscaled < 1024n * power) return signed + decimal(unscaled, scale, 'si')
  return signed + binary(unscaled / power)
}

function suffixOf(text: string): Suffix | undefined {
  const si = SI.get(text)
  if (si !== undefined) return { style: 'si', exponent: si }
  const place = BINARY.indexOf(text)
  if (place > 0) return { style: 'binary', exponent: place * 10 }
  const exponent = /^[eE][-+]?[0-9]+$/.test(text) ? Number(text.slice(1)) : Number.NaN
  return Math.abs(exponent) < 2 ** 31 ? { style: 'exponent', exponent } : undefined
}

/** What Go's quick reader takes, and would write no other way. */
function isShortest(digits: string, decimals: number, value: bigint, { style, exponent }: Suffix): boolean {
  if (style === 'binary')
    return decimals === 0 && 14 - digits.length - Math.trunc(exponent * 0.3) >= 0 && (value & 7n) !== 0n
  const scale = exponent - decimals
  return digits.length <= 18 && scale >= NANO && scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0')
}

/** No finer than a billionth, rounded away from zero. */
function rounded(value: bigint, scale: number): [bigint, number] {
  const excess = NANO - scale
  if (excess <= 0) return [value, scale]
  if (excess > value.toString().length) return [1n, NANO]
  const power = 10n ** BigInt(excess)
  return [(value + power - 1n) / power, NANO]
}

function decimal(value: bigint, scale: number, style: Style): string {
  let [amount, exponent] = [value, scale]
  for (; amount % 10n === 0n; exponent++) amount /= 10n
  for (; exponent % 3 !== 0; exponent--) amount *= 10n
  if (style === 'exponent') return `${amount}${exponent === 0 ? '' : `e${exponent}`}`
  const letter = [...SI].find(([, power]) => power === exponent)?.[0] ?? ''
  return `${amount}${letter}`
}

function binary(value: bigint): string {
  let [amount, place] = [value, 0]
  for (; amount % 1024n === 0n; place++) amount /= 1024n
  return `${amount}${BINARY[place] ?? ''}`
}
