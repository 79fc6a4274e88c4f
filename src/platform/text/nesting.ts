/** How deep JSON text is nested, found without parsing it: a recursive reader would run out of stack. Pure. */

/** No run, Statement or predicate comes near it; prov's own input is bounded in the same way. */
export const MAX_NESTING = 200

const QUOTE = 0x22
const BACKSLASH = 0x5c
const BRACKET = 0x5b
const BRACE = 0x7b

/**
 * True for bytes whose arrays and objects are nested deeper than `most`. Says nothing else about them; linear, and stops at once.
 *
 * @example isDeeplyNested(Buffer.from('['.repeat(20_000))) // true
 */
export function isDeeplyNested(json: Uint8Array, most: number = MAX_NESTING): boolean {
  let depth = 0
  let isText = false
  for (let i = 0; i < json.length; i++) {
    const byte = json[i] ?? 0
    if (isText) {
      if (byte === BACKSLASH) i++
      else if (byte === QUOTE) isText = false
    } else if (byte === QUOTE) isText = true
    else if (byte === BRACE || byte === BRACKET) {
      if (++depth > most) return true
    } else if (byte === BRACE + 2 || byte === BRACKET + 2) depth--
  }
  return false
}
