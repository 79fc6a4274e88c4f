/** What all calls of a backend over objects share: the store, reached on first use, and errors that say what they are about. */
import type { CallOptions, Context, Slot } from '../../src/backend/backend.ts'
import { asProvError, errorAt, ProvError } from '../../src/errors.ts'
import { type ObjectAddress, placeIn } from './address.ts'
import type { ObjectStore } from './store.ts'
import type { Writer } from './write.ts'

/** Where the objects are. */
export interface Home {
  /** How the store is named in reports; ends with `/`. */
  readonly root: string
  /** Called once, on first use. */
  connect(): Promise<ObjectStore>
}

export interface CallsOptions {
  readonly name: string
  /** Asked on first use only, so that a backend can be described without being configured. Throws `config_invalid`. */
  home(): Home
  /** See {@link Writer}; default 1.5 s. */
  readonly patienceMs?: number
}

export interface Calls {
  /** Throws `config_invalid`. */
  home(): Home
  reached(signal: AbortSignal): Promise<ObjectStore>
  /** Runs a call with what every error of it must say. */
  call<T>(
    operation: string,
    slot: Slot,
    options: CallOptions,
    work: (place: ObjectAddress, writer: Writer) => Promise<T>,
  ): Promise<T>
  /** The error, with what it does not say yet; without a location the whole store is meant. */
  named(thrown: unknown, operation: string, location?: string): ProvError
  close(): Promise<void>
}

/** @example callsOf(context, options).call('get', slot, { signal }, (place, { store }) => readPlace(store, place, { signal })) */
export function callsOf({ random }: Pick<Context, 'random'>, options: CallsOptions): Calls {
  const { name, patienceMs = 1500 } = options
  let settled: Home | undefined
  let connection: Promise<ObjectStore> | undefined

  function home(): Home {
    settled ??= options.home()
    return settled
  }

  async function reached(signal: AbortSignal): Promise<ObjectStore> {
    if (signal.aborted) throw new ProvError('aborted', 'stopped before it was done')
    connection ??= home().connect()
    return connection
  }

  const named: Calls['named'] = (thrown, operation, location = settled?.root ?? name) => {
    const own = asProvError(thrown)
    return errorAt(own, { backend: name, operation: own.operation ?? operation, location: own.location ?? location })
  }

  return {
    home,
    reached,
    named,

    async call(operation, slot, { signal }, work) {
      try {
        const store = await reached(signal)
        return await work(placeIn(slot), { store, random, patienceMs })
      } catch (thrown) {
        throw named(thrown, operation, slot.key)
      }
    },

    async close() {
      const store = await connection?.catch(() => undefined)
      store?.close()
    },
  }
}
