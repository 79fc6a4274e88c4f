/** Every call of a backend has an end, whatever its store does: a file system that hangs, a server that trickles, pages without end. */
import type { Backend, CallOptions, Diagnostics, Listed, ListFilter } from '../backend/backend.ts'
import { ProvError } from '../errors.ts'
import { within } from '../platform/async/deadline.ts'
import { linkedSignal } from '../platform/async/linked-signal.ts'

/**
 * One call makes several requests, some of them again: a write with markers some twenty. Each ends by itself after `storage.timeout`; all of
 * them together never take this many times as long unless the store sees to it that they do not end.
 */
const CALL_REQUESTS = 20
/** Of a call with a timeout of less than a second: waiting for a lock is not a request. */
const LEAST_MS = 20_000
/** Connections are closed in this time, or given up. */
const CLOSE_MS = 5000

/** @example callLimitMs(60_000) // 1_200_000 */
export function callLimitMs(requestMs: number): number {
  return Math.max(LEAST_MS, CALL_REQUESTS * requestMs)
}

/**
 * The same backend, of which each call throws `timed_out` after so many milliseconds and `aborted` at once when its signal is, also where the
 * store heeds neither. A listing may go on for as long as places come: the time is that from one to the next.
 *
 * @example const backend = endCalls(await openBackend('oci', context), callLimitMs(60_000))
 */
export function endCalls(backend: Backend, ms: number): Backend {
  /** For a method that not every backend has: absent stays absent. */
  const limited = <A extends readonly unknown[], T>(
    operation: string,
    method: ((...args: [...A, CallOptions]) => Promise<T>) | undefined,
    locationOf: (...args: A) => string | undefined,
  ) => {
    if (method === undefined) return undefined
    return (...args: [...A, CallOptions]): Promise<T> => {
      const options = args.at(-1) as CallOptions
      const own = args.slice(0, -1) as unknown as A
      const work = (signal: AbortSignal): Promise<T> => method.call(backend, ...own, { ...options, signal })
      return within(work, options, ms).catch((thrown: unknown) => {
        throw placed(thrown, backend.name, operation, locationOf(...own))
      })
    }
  }
  const key = ({ key }: { readonly key: string }): string => key
  const { put, get, getMany, replace, keep, remove, resolveTag, seal, ready, list, placeOf, diagnose } = backend
  const methods = {
    put: limited('put', put, key),
    get: limited('get', get, key),
    getMany: limited('get', getMany, (slots) => slots[0]?.key),
    replace: limited('replace', replace, key),
    keep: limited('keep', keep, key),
    remove: limited('remove', remove, key),
    resolveTag: limited('get', resolveTag, (repository, tag) => `${repository}:${tag}`),
    seal: limited('seal', seal, ({ uid }) => uid),
    ready: limited('look', ready, key),
    placeOf: limited('get', placeOf, (object) => object),
    diagnose:
      diagnose === undefined
        ? undefined
        : async (options: Parameters<typeof diagnose>[0]) =>
            limitedDiagnostics(
              await within((signal) => diagnose.call(backend, { ...options, signal }), options, ms),
              ms,
            ),
    list:
      list === undefined
        ? undefined
        : (filter: ListFilter, options: CallOptions) =>
            listed(backend.name, (own) => list.call(backend, filter, own), options, ms),
  }
  const present = Object.fromEntries(Object.entries(methods).filter(([, method]) => method !== undefined))
  return { ...backend, ...present, close: () => closed(backend) }
}

/** A stand-in takes the probe's calls, and the sweep comes last of all: they end as well. */
function limitedDiagnostics(found: Diagnostics, ms: number): Diagnostics {
  const { standIn, sweep } = found
  return {
    ...found,
    ...(standIn === undefined ? {} : { standIn: endCalls(standIn, ms) }),
    ...(sweep === undefined
      ? {}
      : { sweep: (slots, options) => within((signal) => sweep.call(found, slots, { signal }), options, ms) }),
  }
}

async function* listed(
  backend: string,
  open: (options: CallOptions) => AsyncIterable<Listed>,
  options: CallOptions,
  ms: number,
): AsyncIterable<Listed> {
  const stop = linkedSignal(options.signal)
  const items = open({ ...options, signal: stop.signal })[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await within(() => items.next(), options, ms).catch((thrown: unknown) => {
        throw placed(thrown, backend, 'list', undefined)
      })
      if (next.done === true) return
      yield next.value
    }
  } finally {
    stop.abort()
    stop.release()
    items.return?.().catch(() => undefined) // a listing that hangs does not end either: nobody waits for it
  }
}

async function closed(backend: Backend): Promise<void> {
  const { signal } = new AbortController()
  await within(() => backend.close(), { signal }, CLOSE_MS).catch((thrown: unknown) => {
    if (!(thrown instanceof ProvError && thrown.code === 'timed_out')) throw thrown
  })
}

/** What the limit itself threw says where; what the backend threw has said so, or is a defect. */
function placed(thrown: unknown, backend: string, operation: string, location: string | undefined): unknown {
  if (!(thrown instanceof ProvError) || thrown.backend !== undefined) return thrown
  const { code, message, hint, cause, retryAfterMs } = thrown
  return new ProvError(code, message, {
    hint,
    cause,
    retryAfterMs,
    backend,
    operation: thrown.operation ?? operation,
    location: thrown.location ?? location,
  })
}
