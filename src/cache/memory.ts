/** Verdicts in the memory of the process, bounded in bytes. */
import { LRUCache } from 'lru-cache'
import type { Provider } from './cache.ts'

export interface MemoryOptions {
  /** Of keys and values together; what was used least lately goes first. */
  readonly bytes: number
  /** Milliseconds since the epoch. */
  now(): number
}

/** Enough for about ten thousand verdicts. */
export const MEMORY_BYTES = 32 * 1024 * 1024
/** What one value costs beside its own bytes, about. */
const OVERHEAD = 400

/** @example const provider = memoryProvider({ bytes: MEMORY_BYTES, now: Date.now }) */
export function memoryProvider({ bytes, now }: MemoryOptions): Provider {
  const values = new LRUCache<string, Uint8Array>({
    maxSize: bytes,
    sizeCalculation: (value, key) => value.length + key.length + OVERHEAD,
    ttlResolution: 0,
    perf: { now },
  })
  return {
    name: 'memory',
    instant: true,
    get: async (key) => values.get(key),
    async set(key, value, ttlMs) {
      // A copy: a small Buffer is a part of a larger one, all of which would stay.
      values.set(key, new Uint8Array(value), { ttl: ttlMs })
    },
    async delete(key) {
      values.delete(key)
    },
    async close() {
      values.clear()
    },
  }
}
