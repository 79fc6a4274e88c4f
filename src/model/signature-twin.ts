/**
 * ECDSA has two signatures for each that was made: anyone can turn (r, s) into (r, n − s) without the key, and it verifies. So the
 * two are one signature. Pure.
 */
import { sha256Hex } from './entry.ts'

/** Order n of the group, by how many bytes r and s take at most: P-256, P-384, P-521 (FIPS 186-5, SP 800-186). */
const ORDERS: readonly (readonly [number, bigint])[] = [
  [32, 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
  [48, 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n],
  [
    66,
    0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  ],
]

/**
 * An id that a signature shares with its twin and with no other signature. A signature that is not ECDSA in DER has the id of its bytes.
 *
 * @example twinId(signature) === twinId(twinOf(signature)) // true
 */
export function twinId({ sig }: { readonly sig: Uint8Array }): string {
  const read = readDer(sig)
  if (read === undefined) return `sha256:${sha256Hex(sig)}`
  const { r, s, order } = read
  const isLow = s <= order / 2n
  return `ecdsa:${r.toString(16)}:${(isLow ? s : order - s).toString(16)}`
}

interface Pair {
  readonly r: bigint
  readonly s: bigint
  readonly order: bigint
}

/** DER of SEQUENCE { INTEGER r, INTEGER s } and nothing after it. */
function readDer(sig: Uint8Array): Pair | undefined {
  if (sig[0] !== 0x30 || sig.length > 150) return undefined
  const start = sig[1] === 0x81 ? 3 : 2
  if (sig[start - 1] !== sig.length - start) return undefined
  const r = integerAt(sig, start)
  const s = r === undefined ? undefined : integerAt(sig, r.end)
  if (r === undefined || s === undefined || s.end !== sig.length) return undefined
  const order = ORDERS.find(([size]) => r.size <= size && s.size <= size)?.[1]
  if (order === undefined || s.value <= 0n || s.value >= order) return undefined
  return { r: r.value, s: s.value, order }
}

function integerAt(sig: Uint8Array, at: number): { value: bigint; size: number; end: number } | undefined {
  const length = sig[at + 1]
  if (sig[at] !== 0x02 || length === undefined || length === 0 || length > 127) return undefined
  const end = at + 2 + length
  if (end > sig.length) return undefined
  const hex = Buffer.from(sig.subarray(at + 2, end)).toString('hex')
  const value = BigInt(`0x${hex}`)
  return { value, size: Math.ceil(value.toString(16).length / 2), end }
}
