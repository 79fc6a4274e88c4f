/** The blobs of an image layout: files that are named by their digests. */
import { join } from 'node:path'
import { sha256Hex } from '../../../src/model/entry.ts'
import { type Files, fileError, fileErrorCode } from '../../../src/platform/fs/files.ts'
import { refuseOutside } from '../../../src/platform/fs/regular-file.ts'
import { failure } from '../failure.ts'

export interface BlobOptions {
  /** The layout's own. */
  readonly directory: string
  /** The one in it that holds the blobs. */
  readonly folder: string
  readonly files: Files
  random(size: number): Uint8Array
  /** Makes the folders where they are not there yet. */
  prepare(): Promise<void>
}

export interface Blobs {
  /** undefined when absent. The digest is checked. */
  read(digest: string, maxBytes: number): Promise<Uint8Array | undefined>
  /** The digest of what was written; a blob that is there and whole is not written again. */
  write(bytes: Uint8Array): Promise<string>
}

const DIGEST = /^sha256:([0-9a-f]{64})$/

/**
 * Throws `digest_mismatch` for a file that was altered, `denied` and `storage_io` for what the file system does.
 *
 * @example await blobFiles({ directory: 'copies', folder: 'copies/blobs/sha256', files, random, prepare }).write(bytes)
 */
export function blobFiles({ directory, folder, files, random, prepare }: BlobOptions): Blobs {
  async function read(digest: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const [, hex] = DIGEST.exec(digest) ?? []
    if (hex === undefined) return undefined
    const path = join(folder, hex)
    const where = { operation: 'read blob', location: path }
    try {
      await refuseLinkedFolders(directory)
      const bytes = await files.read(path, { maxBytes, follow: false })
      if (sha256Hex(bytes) !== hex)
        throw failure('digest_mismatch', 'the file does not have the digest it is named by', where)
      return bytes
    } catch (error) {
      if (fileErrorCode(error) === 'ENOENT') return undefined
      throw fileError(error, { backend: 'oci', ...where })
    }
  }

  async function write(bytes: Uint8Array): Promise<string> {
    await prepare()
    await refuseLinkedFolders(directory)
    const hex = sha256Hex(bytes)
    const path = join(folder, hex)
    const digest = `sha256:${hex}`
    if (await isIntact(files, path, bytes)) return digest
    const temporary = `${path}.${Buffer.from(random(6)).toString('hex')}.tmp`
    try {
      await files.create(temporary, bytes, 0o644)
      await files.sync(temporary)
      await files.rename(temporary, path)
      return digest
    } catch (error) {
      await files.unlink(temporary).catch(() => undefined)
      throw fileError(error, { backend: 'oci', operation: 'write blob', location: path })
    }
  }

  return { read, write }
}

/**
 * Blobs are read and written in this directory only. Throws `symbolic_link` where a folder of them leads out of it, `not_regular_file` where it is
 * no folder.
 *
 * @example await refuseLinkedFolders('copies')
 */
export async function refuseLinkedFolders(directory: string): Promise<void> {
  await refuseOutside(directory, 'blobs')
  await refuseOutside(directory, join('blobs', 'sha256'))
}

/** A blob is named by its content; one that is there and whole need not be written again. */
async function isIntact(files: Files, path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return Buffer.compare(await files.read(path, { maxBytes: bytes.length, follow: false }), bytes) === 0
  } catch {
    return false
  }
}
