/** What all calls of the backend share: the store, opened on first use, and errors that say what they are about. */
import type { CallOptions, Context } from '../../src/backend/backend.ts'
import { errorAt } from '../../src/errors.ts'
import { within } from '../../src/platform/async/deadline.ts'
import { openStore } from './engines.ts'
import { NAME } from './layout.ts'
import type { Target } from './settings.ts'
import type { DocumentStore } from './store.ts'

export interface Calls {
  /** Runs a call to its end, its time or its abortion, and says in every error what it was. */
  call<T>(
    operation: string,
    location: string,
    options: CallOptions,
    work: (store: DocumentStore, signal: AbortSignal) => Promise<T>,
  ): Promise<T>
  close(): Promise<void>
}

/** @example await callsOf(readTarget(context), context).call('get', key, { signal }, (documents, signal) => documents.get([key], { signal })) */
export function callsOf(target: Target, context: Context): Calls {
  let connecting: Promise<DocumentStore> | undefined

  function store(): Promise<DocumentStore> {
    connecting ??= openStore(target, context)
    return connecting
  }

  return {
    async call(operation, location, options, work) {
      try {
        return await within(async (signal) => work(await store(), signal), options, target.requestMs)
      } catch (thrown) {
        throw errorAt(thrown, { backend: NAME, operation, location })
      }
    },

    async close() {
      const opened = connecting
      connecting = undefined
      await (await opened?.catch(() => undefined))?.close()
    },
  }
}
