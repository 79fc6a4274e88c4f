/** How many verifications run at one time, and how many wait for a place: more are told to come again, and nobody guesses. */
import { ProvError } from '../errors.ts'

export interface Queue {
  /**
   * Runs the work once there is a place for it. Throws `throttled` at once when as many wait as may, and `aborted` for a wait that its signal
   * ended.
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>
  readonly running: number
  readonly waiting: number
}

/** What a caller is asked to wait. */
export const RETRY_AFTER_SECONDS = 1

/** @example const queue = boundedQueue(64, 800); await queue.run(() => verify(job), signal) */
export function boundedQueue(places: number, room: number): Queue {
  const waiting = new Set<() => void>()
  let running = 0

  function place(signal: AbortSignal): Promise<void> {
    if (waiting.size >= room) throw full()
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        waiting.delete(begin)
        reject(new ProvError('aborted', 'stopped while waiting for a place'))
      }
      if (signal.aborted) return leave()
      waiting.add(begin)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  function next(): void {
    const [first] = waiting
    if (first === undefined) return
    waiting.delete(first)
    running++
    first()
  }

  return {
    async run(work, signal) {
      // A place that becomes free is given to whoever waits the longest, and counted by who gives it.
      const isFree = running < places
      if (isFree) running++
      else await place(signal)
      try {
        return await work()
      } finally {
        running--
        next()
      }
    },
    get running() {
      return running
    },
    get waiting() {
      return waiting.size
    },
  }
}

function full(): ProvError {
  return new ProvError('throttled', 'as many verifications wait as may', {
    hint: 'ask again in a second; serve.concurrency says how many run at one time',
    retryAfterMs: RETRY_AFTER_SECONDS * 1000,
  })
}
