/** The looks of a store that commits: each ends soon, and a host that does not answer is hardly asked. What was not seen is owed. */
import type { Backend, CallOptions, Slot } from '../backend/backend.ts'
import { isLaneFault } from '../delivery/outcome.ts'
import { asProvError, errorJson, type ProvError } from '../errors.ts'
import { endCalls } from './end-calls.ts'

/** Looks at one host that fail in a row before it is left alone. */
const FAILURES = 3
/** For so long: a copy that stands there should be found, or it may be signed a second time. */
const PAUSE_MS = 1000

interface Host {
  failures: number
  answered: boolean
  until: number
  error?: ProvError
  /** The look that goes first: until a host has answered, there is one at a time. */
  first?: Promise<unknown> | undefined
}

/**
 * The same backend, of which each look throws `timed_out` after so many milliseconds; after three failures in a row at a host the next ones
 * throw the same at once, for a second. Its connection stays open: the caller closes the backend itself.
 *
 * @example const brief = briefLooks(backend, 2000, Date.now)
 */
export function briefLooks(backend: Backend, ms: number, now: () => number): Backend {
  const limited = endCalls(backend, ms)
  const hosts = new Map<string, Host>()
  const look = async <T>(slot: Slot | undefined, work: () => Promise<T>): Promise<T> => {
    const name = slot === undefined ? '' : (backend.hostOf?.(slot) ?? '')
    const host: Host = hosts.get(name) ?? { failures: 0, answered: false, until: 0 }
    hosts.set(name, host)
    while (!host.answered && host.first !== undefined) await host.first
    if (host.error !== undefined && host.failures >= FAILURES && now() < host.until) throw host.error
    const looking = counted(host, work, now)
    if (host.answered) return looking
    const first = looking.then(
      () => undefined,
      () => undefined,
    )
    host.first = first
    try {
      return await looking
    } finally {
      if (host.first === first) host.first = undefined
    }
  }
  const { get, getMany } = limited
  return {
    ...limited,
    get: (slot, options) => look(slot, () => get(slot, options)),
    ...(getMany === undefined
      ? {}
      : {
          getMany: (slots: readonly Slot[], options: CallOptions) => look(slots[0], () => getMany(slots, options)),
        }),
    close: async () => undefined,
  }
}

async function counted<T>(host: Host, work: () => Promise<T>, now: () => number): Promise<T> {
  try {
    const found = await work()
    Object.assign(host, { failures: 0, answered: true })
    return found
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code !== 'denied' && isLaneFault(errorJson(error), '')) {
      host.failures += 1
      host.error = error
      if (host.failures >= FAILURES) Object.assign(host, { answered: false, until: now() + PAUSE_MS })
    } else if (error.code !== 'aborted') Object.assign(host, { failures: 0, answered: true })
    throw thrown
  }
}
