/** Remembers what a probe made in a registry, so that it can all be taken away again: a removed tag leaves its manifest and blobs. */

import type { CallOptions } from '../../src/backend/backend.ts'
import { asProvError, ProvError } from '../../src/errors.ts'
import { sha256Hex } from '../../src/model/entry.ts'
import { EMPTY_CONFIG } from './bundles/layout.ts'
import type { Registry } from './port.ts'

/** A repository with a tag or digest in it. */
interface Made {
  readonly repo: string
  readonly ref: string
}

export interface Ledger {
  /** The registry with its writes remembered; what was there before is not. */
  watch(registry: Registry): Registry
  /** Deletes all of it. Blobs that a registry does not let anybody delete are left to its garbage collection. Throws when more stays. */
  sweep(registry: Registry, options: CallOptions): Promise<void>
}

/** The config of every bundle, of whatever tool: never taken away. */
const SHARED: readonly string[] = [digestOf(EMPTY_CONFIG)]

/** @example const ledger = openLedger(); const backend = openOci(context, ledger.watch) */
export function openLedger(): Ledger {
  const manifests = new Map<string, Made>()
  const blobs = new Map<string, Made>()
  /** Tags that could only be taken away with their manifests. */
  const doubtful = new Map<string, Made>()
  const note = (notes: Map<string, Made>, repo: string, ref: string) => notes.set(`${repo} ${ref}`, { repo, ref })

  /** A tag that cannot be deleted goes with its manifest, if that is the probe's own. */
  async function forget(registry: Registry, { repo, ref }: Made, options: CallOptions): Promise<void> {
    const found = await registry.getManifest(repo, ref, options)
    if (found === undefined) return
    try {
      await registry.deleteManifest(repo, ref, options)
    } catch (thrown) {
      const noTags = thrown instanceof ProvError && ['response_invalid', 'not_supported'].includes(thrown.code)
      if (!noTags || ref === found.digest || !manifests.has(`${repo} ${found.digest}`)) throw thrown
      await registry.deleteManifest(repo, found.digest, options)
      note(doubtful, repo, ref)
    }
  }

  /** A registry that does not let a tag go with its manifest goes on listing it. */
  async function stillListed(registry: Registry, options: CallOptions): Promise<readonly string[]> {
    const found: string[] = []
    for (const repo of new Set([...doubtful.values()].map((made) => made.repo))) {
      for await (const tag of registry.listTags(repo, options)) {
        if (doubtful.has(`${repo} ${tag}`)) found.push(`${repo}:${tag} (an empty tag)`)
      }
    }
    return found
  }

  async function clear(notes: Map<string, Made>, left: string[], work: (made: Made) => Promise<void>): Promise<void> {
    for (const made of notes.values()) {
      try {
        await work(made)
      } catch (thrown) {
        left.push(`${made.repo}${made.ref.includes(':') ? '@' : ':'}${made.ref} (${asProvError(thrown).message})`)
      }
    }
  }

  return {
    watch(registry) {
      return {
        ...registry,
        async putManifest(repo, ref, bytes, mediaType, options) {
          // Noted before it is sent: nobody knows what becomes of a request that breaks off.
          for (const name of new Set([ref, digestOf(bytes)])) {
            if ((await registry.getManifest(repo, name, options)) === undefined) note(manifests, repo, name)
          }
          return registry.putManifest(repo, ref, bytes, mediaType, options)
        },
        deleteManifest: (repo, ref, options) => forget(registry, { repo, ref }, options),
        async putBlob(repo, bytes, options) {
          const digest = digestOf(bytes)
          if (!SHARED.includes(digest) && !(await registry.hasBlob(repo, digest, options))) note(blobs, repo, digest)
          return registry.putBlob(repo, bytes, options)
        },
      }
    },

    async sweep(registry, options) {
      const left: string[] = []
      const byTag = (made: Made) => (made.ref.includes(':') ? 1 : 0)
      const ordered = new Map([...manifests].toSorted(([, a], [, b]) => byTag(a) - byTag(b)))
      await clear(ordered, left, (made) => forget(registry, made, options))
      await clear(blobs, left, async ({ repo, ref }) => {
        const path = `/v2/${repo.slice(repo.indexOf('/') + 1)}/blobs/${ref}`
        try {
          await registry.ask?.(repo, { method: 'DELETE', path, actions: 'pull,push' }, options)
        } catch (thrown) {
          // Unreferenced now: what a registry keeps of it, its garbage collection takes.
          const known = ['absent', 'not_supported', 'response_invalid', 'denied']
          if (!(thrown instanceof ProvError && known.includes(thrown.code))) throw thrown
        }
      })
      left.push(...(await stillListed(registry, options)))
      if (left.length > 0) throw new ProvError('incomplete', left.join(', '), { backend: 'oci', operation: 'clean up' })
    },
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${sha256Hex(bytes)}`
}
