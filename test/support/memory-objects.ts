/** A store of objects in memory that can stop after any operation and lets others run in between. */

import { openObjects } from '../../backends/objects/backend.ts'
import type { ObjectStore } from '../../backends/objects/store.ts'
import type { CallOptions, Context } from '../../src/backend/backend.ts'

export interface Shared {
  readonly objects: Map<string, { readonly bytes: Uint8Array; readonly version: string }>
  written: number
}

export function shared(): Shared {
  return { objects: new Map(), written: 0 }
}

export interface Handle {
  /** Called before an operation is done; may wait, and may throw: then it is not done. */
  before?(operation: string, name: string): Promise<void> | void
  /** Called after it was done; may throw: the caller does not learn of it. */
  after?(operation: string, name: string): Promise<void> | void
}

/** Conditions are heeded as S3 and GCS do; versions never come again. */
export function memoryObjects(store: Shared, handle: Handle = {}): ObjectStore {
  async function act<T>(operation: string, name: string, { signal }: CallOptions, work: () => T): Promise<T> {
    await handle.before?.(operation, name)
    signal.throwIfAborted()
    const result = work()
    await handle.after?.(operation, name)
    return result
  }
  const { objects } = store
  return {
    get: (name, calls) => act('get', name, calls, () => objects.get(name)),
    head: (name, calls) => act('head', name, calls, () => objects.get(name)?.version),
    put: (name, bytes, expect, calls) =>
      act('put', name, calls, () => {
        if ((objects.get(name)?.version ?? null) !== expect) return undefined
        const version = `v${++store.written}`
        objects.set(name, { bytes: new Uint8Array(bytes), version })
        return version
      }),
    delete: (name, expect, calls) =>
      act('delete', name, calls, () => {
        if (objects.get(name)?.version === expect) objects.delete(name)
      }),
    async *list(prefix, calls) {
      const names = await act('list', prefix, calls, () =>
        [...objects.keys()].filter((name) => name.startsWith(prefix)),
      )
      for (const name of names.sort()) yield { name, size: objects.get(name)?.bytes.length }
    },
    close: () => {},
  }
}

let nonce = 0
const context: Context = {
  setting: () => undefined,
  env: {},
  now: Date.now,
  random: (size) => Buffer.alloc(size, String(++nonce).padStart(size, '0')),
  debug: () => {},
}

/** The backend on it, with little patience. */
export function backendOn(store: Shared, handle?: Handle, patienceMs = 50) {
  return openObjects(context, {
    name: 'gcs',
    sharedWrites: 'precondition',
    home: () => ({ root: 'gs://b/', connect: async () => memoryObjects(store, handle) }),
    patienceMs,
  })
}
