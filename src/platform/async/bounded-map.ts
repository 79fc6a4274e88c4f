/** What a handle remembers while it lives, with an end. lru-cache is imported here and nowhere else. */
import { LRUCache } from 'lru-cache'

/** A memory of the last values: what was used least lately goes when there are too many. */
export interface BoundedMap<K, V> {
  get(key: K): V | undefined
  has(key: K): boolean
  set(key: K, value: V): unknown
  delete(key: K): boolean
  clear(): void
  keys(): Iterable<K>
}

/**
 * At most `most` values. Only for what can be had again: a value may be gone at any time.
 *
 * @example const known = boundedMap<string, string>(1000); known.set('sha256:5e92…', 'dsse:sha256:04d1…')
 */
export function boundedMap<K extends {}, V extends {}>(most: number): BoundedMap<K, V> {
  return new LRUCache<K, V>({ max: most })
}

/**
 * Values that take at most so many bytes together.
 *
 * @example const blobs = boundedBytes(64 * 1024 * 1024, (blob: Uint8Array) => blob.length)
 */
export function boundedBytes<V extends {}>(bytes: number, sizeOf: (value: V) => number): BoundedMap<string, V> {
  return new LRUCache<string, V>({ maxSize: bytes, sizeCalculation: (value, key) => sizeOf(value) + key.length + 1 })
}
