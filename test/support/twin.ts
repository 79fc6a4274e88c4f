/** The other form of an ECDSA signature, as anyone can make it without the key. */
const ORDERS: Readonly<Record<string, bigint>> = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp384r1: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  secp521r1:
    0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
}

/** @example verify('sha256', bytes, publicKey, twinOf(sig)) // true, as for sig */
export function twinOf(sig: Uint8Array, curve = 'prime256v1'): Buffer {
  const der = Buffer.from(sig)
  const start = der[1] === 0x81 ? 3 : 2
  const sAt = start + 2 + (der[start + 1] ?? 0)
  const s = BigInt(`0x${der.subarray(sAt + 2).toString('hex')}`)
  let hex = ((ORDERS[curve] ?? 0n) - s).toString(16)
  if (hex.length % 2 === 1) hex = `0${hex}`
  if (Number.parseInt(hex.slice(0, 2), 16) > 0x7f) hex = `00${hex}`
  const twin = Buffer.from(hex, 'hex')
  const body = Buffer.concat([der.subarray(start, sAt), Buffer.from([2, twin.length]), twin])
  const head = body.length > 127 ? [0x30, 0x81, body.length] : [0x30, body.length]
  return Buffer.concat([Buffer.from(head), body])
}
