/** Changes of index.json: under a lock file, and as many as are waiting in one write. */
import { dirname, join } from 'node:path'
import { type Files, fileError } from '../../../src/platform/fs/files.ts'
import { withLock } from '../../../src/platform/fs/lock-file.ts'
import { failure } from '../failure.ts'
import { changeIndex, type IndexChange } from './index-json.ts'
import type { IndexStore } from './index-store.ts'

export interface ConditionalChange extends IndexChange {
  /** Digest that the name must stand for right now, null for nothing; absent: whatever. */
  readonly expect?: string | null
}

export interface IndexWriterOptions {
  readonly indexFile: string
  readonly files: Files
  readonly store: IndexStore
  /** Brings to the disk what the index is about to name. */
  readonly beforeWrite: () => Promise<void>
  now(): number
  random(size: number): Uint8Array
}

export interface IndexWriter {
  /** Throws `conflict` when the name stands for something else than expected, or the lock is not to be had. */
  change(change: ConditionalChange, signal: AbortSignal): Promise<void>
}

interface Waiting {
  readonly change: ConditionalChange
  readonly signal: AbortSignal
  readonly settle: (error?: unknown) => void
}

const LOCK_TIMEOUT_MS = 30_000

/** @example await indexWriter(options).change({ name: 'ghcr.io/acme/app:v1', item, expect: null }, signal) */
export function indexWriter(options: IndexWriterOptions): IndexWriter {
  const { indexFile, files, store, now, random } = options
  const lockFile = join(dirname(indexFile), '.index.json.prov-lock')
  let waiting: Waiting[] = []
  let running = false

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const stop = new AbortController()
      const lock = { signal: stop.signal, timeoutMs: LOCK_TIMEOUT_MS, now, random, files }
      let batch: readonly Waiting[] = []
      const onAbort = () => waiting.length === 0 && batch.length === 0 && stop.abort()
      for (const { signal } of waiting) signal.addEventListener('abort', onAbort, { once: true })
      try {
        await withLock(lockFile, lock, async () => {
          // Whoever came while we waited for the lock goes along.
          batch = waiting
          waiting = []
          await write(batch)
        })
        for (const item of batch) item.settle()
      } catch (thrown) {
        const error = fileError(thrown, { backend: 'oci', operation: 'write', location: indexFile })
        const failed = batch.length > 0 ? batch : waiting.splice(0)
        for (const item of failed) item.settle(error)
      }
    }
    running = false
  }

  async function write(batch: readonly Waiting[]): Promise<void> {
    const before = await store.read()
    const changes = new Map<string, IndexChange>()
    for (const { change, signal, settle } of batch) {
      const { name, expect } = change
      const planned = changes.get(name)
      const current = (planned === undefined ? before.byName.get(name) : planned.item)?.digest ?? null
      if (signal.aborted) continue
      if (expect !== undefined && expect !== current) {
        settle(failure('conflict', 'another writer changed the tag', { operation: 'write tag', location: name }))
      } else changes.set(name, change)
    }
    if (changes.size === 0) return
    await options.beforeWrite()
    await store.write(changeIndex(before, [...changes.values()]))
  }

  return {
    change(change, signal) {
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          waiting = waiting.filter((other) => other !== item)
          item.settle(
            failure('aborted', 'stopped before the tag was written', { operation: 'write tag', location: change.name }),
          )
        }
        const settle = (error?: unknown) => {
          signal.removeEventListener('abort', onAbort)
          if (error === undefined) resolve()
          else reject(error)
        }
        const item: Waiting = { change, signal, settle }
        if (signal.aborted) return onAbort()
        signal.addEventListener('abort', onAbort)
        waiting.push(item)
        if (!running) {
          running = true
          void drain()
        }
      })
    },
  }
}
