/**
 * A registry whose manifests and blobs are remembered by their digest, for a process that reads for long. What has a digest cannot change; the
 * registry below has compared it with the bytes. Tags, absences and failures are asked for each time. What one repository shows is never taken
 * for another's: whether it is there, and who may read it, is a matter of each.
 */
import { boundedBytes } from '../../../src/platform/async/bounded-map.ts'
import type { Manifest, Registry } from '../port.ts'

/** One large blob must not drive out a thousand small ones. */
const MOST_OF_ONE = 1 / 32

/** @example const registry = remembered(remoteRegistry(options), 32 * 1024 * 1024) */
export function remembered(registry: Registry, bytes: number): Registry {
  const blobs = boundedBytes<Uint8Array>(bytes / 2, (blob) => blob.length)
  const manifests = boundedBytes<Manifest>(bytes / 2, (manifest) => manifest.bytes.length)
  const most = bytes * MOST_OF_ONE
  return {
    ...registry,
    async getManifest(repo, ref, options) {
      if (!ref.startsWith('sha256:')) return registry.getManifest(repo, ref, options)
      const key = `${repo}@${ref}`
      const known = manifests.get(key)
      if (known !== undefined) return known
      const found = await registry.getManifest(repo, ref, options)
      if (found !== undefined && found.damage === undefined && found.bytes.length <= most) manifests.set(key, found)
      return found
    },
    async getBlob(repo, digest, maxBytes, options) {
      const key = `${repo}@${digest}`
      const known = blobs.get(key)
      if (known !== undefined && known.length <= maxBytes) return known
      const found = await registry.getBlob(repo, digest, maxBytes, options)
      if (found !== undefined && digest.startsWith('sha256:') && found.length <= most) blobs.set(key, found)
      return found
    },
    async deleteManifest(repo, ref, options) {
      manifests.delete(`${repo}@${ref}`)
      await registry.deleteManifest(repo, ref, options)
    },
  }
}
