/** Bytes as base64, read back strictly. Pure. */

/** @example base64Of(Buffer.from('hi')) // 'aGk=' */
export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/**
 * The bytes; undefined where the text is not padded base64 of RFC 4648 without any other character. Node itself passes over what it
 * cannot read.
 *
 * @example bytesOf('aGk=') // Uint8Array of 'hi'
 */
export function bytesOf(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined
}
