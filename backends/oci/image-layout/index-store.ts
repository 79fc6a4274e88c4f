/** index.json as it is on the disk, parsed again only when it is another file. */
import { lstat } from 'node:fs/promises'
import { ProvError } from '../../../src/errors.ts'
import { atomicWrite } from '../../../src/platform/fs/atomic-write.ts'
import { type Files, fileError, fileErrorCode } from '../../../src/platform/fs/files.ts'
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
    const facts = await lstat(indexFile, { bigint: true })
    if (facts.isDirectory()) throw new ProvError('storage_io', `cannot read ${indexFile}: it is a folder`)
    const { ino, mtimeNs, ctimeNs, size } = facts
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
        throw fileError(error, { backend: 'oci', operation: 'read', location: indexFile })
      }
    },

    async write(index) {
      await atomicWrite(indexFile, encodeIndex(index), { files })
      last = { state: await stateOf(), index: Promise.resolve(index) }
    },
  }
}
