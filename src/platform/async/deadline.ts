/** Ends a call at the caller's signal or at its deadline, whichever comes first, also where a driver ignores both. */
import { ProvError } from '../../errors.ts'
import type { CallOptions } from './call.ts'

/**
 * Runs `work` with a signal that is aborted at the end. Throws `aborted` or `timed_out` at once then, whatever the work still does.
 *
 * @example await within((signal) => store.get(keys, { signal }), options, 60_000)
 */
export async function within<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { signal }: CallOptions,
  ms: number,
): Promise<T> {
  if (signal.aborted) throw stopped()
  const end = new AbortController()
  const { promise: over, reject } = Promise.withResolvers<never>()
  const finish = (error: ProvError) => {
    reject(error)
    end.abort(error)
  }
  const onAbort = () => finish(stopped())
  const timer = setTimeout(() => finish(new ProvError('timed_out', `no answer within ${ms} ms`)), ms)
  const forget = onceAborted(signal, onAbort)
  const working = work(end.signal)
  working.catch(() => {}) // its end may come after the race, when nobody waits for it
  try {
    return await Promise.race([working, over])
  } finally {
    clearTimeout(timer)
    forget()
  }
}

/**
 * Calls that wait for one signal share one listener: a signal goes through all that it has to take one away, and hundreds of calls may wait for
 * that of a command.
 */
const waiting = new WeakMap<AbortSignal, { readonly works: Set<() => void>; readonly tell: () => void }>()

/** Gives what takes `work` back. */
function onceAborted(signal: AbortSignal, work: () => void): () => void {
  const all = waiting.get(signal) ?? listen(signal)
  all.works.add(work)
  return () => {
    all.works.delete(work)
    if (all.works.size > 0 || waiting.get(signal) !== all) return
    waiting.delete(signal)
    signal.removeEventListener('abort', all.tell)
  }
}

function listen(signal: AbortSignal) {
  const works = new Set<() => void>()
  const tell = (): void => {
    for (const work of [...works]) work()
  }
  signal.addEventListener('abort', tell, { once: true })
  const all = { works, tell }
  waiting.set(signal, all)
  return all
}

function stopped(): ProvError {
  return new ProvError('aborted', 'stopped before it was done')
}
