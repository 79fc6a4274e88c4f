/** Small secret files: read without trusting their size, and named in errors without their content. */
import { open } from 'node:fs/promises'

/**
 * The content of a file, or undefined when it is longer than `limit` bytes: a device or an endless pipe cannot fill the
 * memory. Throws what node:fs throws.
 *
 * @example await readBounded('cosign.pub', 65536)
 */
export async function readBounded(path: string, limit: number): Promise<Buffer | undefined> {
  await using file = await open(path, 'r')
  const buffer = Buffer.alloc(limit + 1)
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) return buffer.subarray(0, length)
    length += bytesRead
  }
  return undefined
}

/**
 * Why a file could not be read, as the end of a sentence that begins with its name.
 *
 * @example whyUnreadable(error) // 'does not exist'
 */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'does not exist'
    case 'EISDIR':
      return 'is a directory'
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user'
    default:
      return `cannot be read (${String(code ?? 'unknown reason')})`
  }
}

/**
 * The same where a file that is too long is as bad as one that cannot be read: throws what `refuse` makes of the reason, which is the end of
 * a sentence that begins with its name.
 *
 * @example await readOrRefuse('cosign.pub', 65536, (why) => new ProvError('key_unreadable', `cosign.pub ${why}`))
 */
export async function readOrRefuse(
  path: string,
  limit: number,
  refuse: (why: string, cause?: unknown) => Error,
): Promise<Buffer> {
  let bytes: Buffer | undefined
  try {
    bytes = await readBounded(path, limit)
  } catch (error) {
    throw refuse(whyUnreadable(error), error)
  }
  if (bytes === undefined) throw refuse(`is larger than ${limit} bytes`)
  return bytes
}
