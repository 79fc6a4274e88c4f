/** One piece of work at a time for each key: whoever asks for the same while it is under way waits for it. */
import { ProvError } from '../../errors.ts'

export type SingleFlight<T> = (
  key: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>

interface Flight<T> {
  readonly result: Promise<T>
  readonly stop: AbortController
  waiting: number
}

/**
 * The work has a signal of its own: a caller whose signal is aborted stops waiting, with `aborted`, and the others get their answer. When the
 * last one stops, the work is told to; it must heed that, since the last caller gets what it then ends with. The same happens after `longestMs`,
 * also while callers wait.
 *
 * @example const ask = singleFlight<string>(); await ask('sha256:5e92…', (signal) => fetchOne(signal), options.signal)
 */
export function singleFlight<T>({ longestMs }: { readonly longestMs?: number | undefined } = {}): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>()

  function begin(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const stop = new AbortController()
    const timer = longestMs === undefined ? undefined : setTimeout(() => end(key, flight), longestMs)
    const result = work(stop.signal).finally(() => {
      clearTimeout(timer)
      forget(key, flight)
    })
    const flight: Flight<T> = { result, stop, waiting: 0 }
    flights.set(key, flight)
    return flight
  }

  /** Whoever asks from now on begins anew. */
  function end(key: string, flight: Flight<T>): void {
    forget(key, flight)
    flight.stop.abort()
  }

  function forget(key: string, flight: Flight<T>): void {
    if (flights.get(key) === flight) flights.delete(key)
  }

  return async (key, work, signal) => {
    if (signal.aborted) throw stopped()
    const flight = flights.get(key) ?? begin(key, work)
    flight.waiting++
    const left = Promise.withResolvers<never>()
    const leave = (): void => {
      flight.waiting--
      if (flight.waiting > 0) left.reject(stopped())
      else end(key, flight)
    }
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([flight.result, left.promise])
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }
}

function stopped(): ProvError {
  return new ProvError('aborted', 'stopped before it was done')
}
