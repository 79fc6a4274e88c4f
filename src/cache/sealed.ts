/** The seal of a kept verdict: only who holds the MAC key can make one, and it holds for one key of the cache. Pure. */
import { createHmac, timingSafeEqual } from 'node:crypto'

export const MAC_KEY_BYTES = 32
const MAC_BYTES = 32

/**
 * HMAC-SHA256 over key, a zero byte and body; then the body.
 *
 * @example seal(macKey, 'prov:v1:verdict:…', Buffer.from('{"v":1}')).length // 39
 */
export function seal(macKey: Uint8Array, key: string, body: Uint8Array): Uint8Array {
  return Buffer.concat([macOf(macKey, key, body), body])
}

/**
 * The body; undefined where the value was not sealed with this MAC key for this key of the cache.
 *
 * @example unseal(macKey, key, seal(macKey, key, body)) // body
 */
export function unseal(macKey: Uint8Array, key: string, value: Uint8Array): Uint8Array | undefined {
  if (value.length < MAC_BYTES) return undefined
  const body = value.subarray(MAC_BYTES)
  return timingSafeEqual(value.subarray(0, MAC_BYTES), macOf(macKey, key, body)) ? body : undefined
}

/** No key holds a zero byte, so that where it ends is sealed as well. */
function macOf(macKey: Uint8Array, key: string, body: Uint8Array): Buffer {
  return createHmac('sha256', macKey).update(key).update('\0').update(body).digest()
}
