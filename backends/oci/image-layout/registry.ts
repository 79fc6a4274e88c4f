/**
 * The port over a directory: an OCI image layout that crane, skopeo and oras read. A tag is an item of index.json named
 * `<repository>:<tag>`, so that one directory holds several repositories.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ProvError } from '../../../src/errors.ts'
import { atomicWrite } from '../../../src/platform/fs/atomic-write.ts'
import { type Files, fileError, fileErrorCode, nodeFiles } from '../../../src/platform/fs/files.ts'
import { makeFolders } from '../../../src/platform/fs/make-folders.ts'
import { isOddFile } from '../../../src/platform/fs/regular-file.ts'
import { failure } from '../failure.ts'
import { MAX_BLOB_BYTES, type Registry } from '../port.ts'
import { OCI_MANIFEST_TYPE } from '../tags/layout.ts'
import { blobFiles, refuseLinkedFolders } from './blobs.ts'
import { indexStore } from './index-store.ts'
import { indexWriter } from './index-writer.ts'

export interface LayoutOptions {
  readonly directory: string
  readonly files?: Files
  now(): number
  random(size: number): Uint8Array
}

/**
 * A {@link Registry} over a directory, which is made with the first write. Writes of tags are conditional: index.json changes
 * under a lock file, several waiting changes in one write. Throws `denied` and `storage_io` for what the file system does.
 *
 * @example await layoutRegistry({ directory: 'copies', now: Date.now, random: randomBytes }).getManifest(repo, tag, { signal })
 */
export function layoutRegistry(options: LayoutOptions): Registry {
  const { directory, files = nodeFiles } = options
  const indexFile = join(directory, 'index.json')
  const blobs = join(directory, 'blobs', 'sha256')
  const store = indexStore(indexFile, files)
  const readIndex = store.read
  let prepared: Promise<void> | undefined
  const writer = indexWriter({ ...options, files, indexFile, store, beforeWrite: () => files.syncFolder(blobs) })

  const prepare = () => {
    const unique = Buffer.from(options.random(6)).toString('hex')
    prepared ??= makeLayout(directory, blobs, files, unique).catch((error: unknown) => {
      prepared = undefined
      throw fileError(error, { backend: 'oci', operation: 'make', location: directory })
    })
    return prepared
  }

  const { read: readBlob, write: writeBlob } = blobFiles({ ...options, files, folder: blobs, prepare })

  return {
    conditional: true,

    async getManifest(repo, ref, { signal }) {
      stopIfAborted(signal, 'get manifest', repo)
      const item = ref.includes(':')
        ? { digest: ref, mediaType: undefined }
        : (await readIndex()).byName.get(`${repo}:${ref}`)
      if (item === undefined) return undefined
      const gone = () => failure('copy_malformed', 'the manifest is not there', { operation: 'read', location: repo })
      let damage: ProvError | undefined
      const bytes = await readBlob(item.digest, MAX_BYTES).catch((error: unknown) => {
        const isDamage = isOddFile(error) || (error instanceof ProvError && error.code === 'digest_mismatch')
        if (item.mediaType === undefined || !isDamage) throw error
        damage = error as ProvError
      })
      if (bytes !== undefined) return { bytes, mediaType: item.mediaType ?? OCI_MANIFEST_TYPE, digest: item.digest }
      if (item.mediaType === undefined) return undefined
      // The name is there, its manifest is gone or altered: that is damage, and no absence.
      return {
        bytes: new Uint8Array(),
        mediaType: item.mediaType,
        digest: item.digest,
        damage: damage ?? gone(),
      }
    },

    async putManifest(repo, ref, bytes, mediaType, { signal, expect }) {
      stopIfAborted(signal, 'put manifest', repo)
      const digest = await writeBlob(bytes)
      if (!ref.includes(':')) {
        const item = { mediaType, digest, size: bytes.length }
        await writer.change({ name: `${repo}:${ref}`, item, ...(expect === undefined ? {} : { expect }) }, signal)
      }
      return digest
    },

    async getBlob(repo, digest, maxBytes, { signal }) {
      stopIfAborted(signal, 'get blob', repo)
      return readBlob(digest, maxBytes)
    },

    async hasBlob(repo, digest, { signal }) {
      stopIfAborted(signal, 'head blob', repo)
      return (await readBlob(digest, MAX_BLOB_BYTES)) !== undefined
    },

    async putBlob(repo, bytes, { signal }) {
      stopIfAborted(signal, 'put blob', repo)
      return writeBlob(bytes)
    },

    async deleteManifest(repo, ref, { signal }) {
      stopIfAborted(signal, 'delete manifest', repo)
      if (ref.includes(':'))
        throw failure('not_supported', 'a directory forgets names, not digests', {
          operation: 'delete',
          location: repo,
        })
      const name = `${repo}:${ref}`
      if ((await readIndex()).byName.has(name)) await writer.change({ name, item: null }, signal)
    },

    async *listTags(repo, { signal }) {
      stopIfAborted(signal, 'list tags', repo)
      for (const name of (await readIndex()).byName.keys()) {
        const { repository, tag } = splitName(name)
        if (repository === repo) yield tag
      }
    },

    async *listRepositories({ signal }) {
      stopIfAborted(signal, 'list repositories', directory)
      yield* new Set(
        [...(await readIndex()).byName.keys()].map((name) => splitName(name).repository).filter((name) => name !== ''),
      )
    },

    close: () => undefined,
  }
}

const MAX_BYTES = 4 * 1024 * 1024

function splitName(name: string): { readonly repository: string; readonly tag: string } {
  const colon = name.lastIndexOf(':')
  return { repository: name.slice(0, Math.max(0, colon)), tag: name.slice(colon + 1) }
}

async function makeLayout(directory: string, blobs: string, files: Files, unique: string): Promise<void> {
  const marker = join(directory, 'oci-layout')
  await makeFolders(directory)
  await refuseLinkedFolders(directory)
  if (!(await isLayout(directory))) {
    await atomicWrite(marker, Buffer.from('{"imageLayoutVersion":"1.0.0"}'), { files, unique })
  }
  await makeFolders(blobs)
}

/**
 * True for an image layout, false for an empty directory or none, in which one can be made. Throws `target_unwritable` for a directory
 * that holds other files.
 *
 * @example await isLayout('copies') // true
 */
export async function isLayout(directory: string): Promise<boolean> {
  const present: readonly string[] = await readdir(directory).catch((error: unknown) => {
    if (fileErrorCode(error) === 'ENOENT') return []
    throw fileError(error, { backend: 'oci', operation: 'look', location: directory })
  })
  if (present.includes('oci-layout')) return true
  if (present.every((name) => /^(blobs|index\.json|\.?(oci-layout|index\.json)\.prov-.*)$/.test(name))) return false
  throw new ProvError('target_unwritable', `${directory} holds other files and is not an OCI image layout`, {
    backend: 'oci',
    operation: 'make',
    location: directory,
    hint: 'name an empty or a new directory with storage.oci.layout',
  })
}

function stopIfAborted(signal: AbortSignal, operation: string, location: string): void {
  if (signal.aborted) throw failure('aborted', 'stopped before it was done', { operation, location })
}
