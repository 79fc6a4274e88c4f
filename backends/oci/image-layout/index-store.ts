/** index.json as it is on the disk, parsed again only when it is another file. */
import { lstat } from 'node:fs/promises'
import { ProvError } from '../../../src/errors.ts'
import { atomicWrite } from '../../../src/platform/fs/atomic-write.ts'
import { type Files, fileError, fileErrorCode } from '../../../src/platform/fs/files.ts'
import { isOddFile } from '../../../src/platform/fs/regular-file.ts'
import { EMPTY_INDEX, encodeIndex, type ImageIndex, parseIndex } from './index-json.ts'

export interface IndexStore {
  /** The empty index when there is no file. */
  read(): Promise<ImageIndex>
  /** Only under the lock. */
  write(index: ImageIndex): Promise<void>
}

/** Some 200,000 names. */
const MAX_INDEX_BYTES = 64 * 1024 * 1024

/** @example (await indexStore('copies/index.json', nodeFiles).read()).items.length */
export function indexStore(indexFile: string, files: Files): IndexStore {
  let last: { readonly state: string; readonly index: Promise<ImageIndex> } | undefined

  /** Each write makes a new file, so that inode and times tell one state from the next. */
  async function stateOf(): Promise<string> {
    const { ino, mtimeNs, ctimeNs, size } = await lstat(indexFile, { bigint: true })
    return `${ino} ${mtimeNs} ${ctimeNs} ${size}`
  }

  return {
    async read() {
      try {
        const state = await stateOf()
        // Many readers at once share one parsing.
        if (last?.state !== state) {
          last = {
            state,
            index: files
              .read(indexFile, { maxBytes: MAX_INDEX_BYTES, follow: false })
              .then((bytes) => parseIndex(Buffer.from(bytes).toString())),
          }
        }
        return await last.index
      } catch (error) {
        last = undefined
        if (fileErrorCode(error) === 'ENOENT') return EMPTY_INDEX
        const where = { backend: 'oci', operation: 'read', location: indexFile }
        // It is no copy, so what stands in its place damages none: nobody can look.
        if (isOddFile(error)) throw new ProvError('storage_io', error.message, where)
        throw fileError(error, where)
      }
    },

    async write(index) {
      await atomicWrite(indexFile, encodeIndex(index), { files })
      last = { state: await stateOf(), index: Promise.resolve(index) }
    },
  }
}
