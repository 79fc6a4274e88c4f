/** Tries a whole operation again while that can help. Clock, waiting and chance are arguments. */
import { ProvError } from '../../errors.ts'
import { shortened } from './jitter.ts'

export interface RetryBudget {
  /** Tries in all, the first included. */
  readonly attempts: number
  /** Milliseconds from the first try until the last may begin. */
  readonly totalMs: number
}

export interface RetryOptions {
  readonly budget: RetryBudget
  readonly signal: AbortSignal
  /** Milliseconds since any fixed point in time. */
  now(): number
  /** Waits; rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** A number from 0 up to 1. */
  random(): number
  /** Told of every try that failed and is to be repeated. */
  readonly told?: (failed: FailedTry) => void
}

export interface FailedTry {
  /** 1 for the first. */
  readonly attempt: number
  readonly error: ProvError
  /** Until the next. */
  readonly waitMs: number
}

const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 10_000

/**
 * Runs `work`, and again after a {@link ProvError} whose code is retryable, while the budget lasts. Each wait is twice as long as the one
 * before, less up to a half at random, so that two writers do not collide again, and never shorter than the other side asked for. Throws at
 * once an error that is not retryable, and the last error when the budget is used up or the wait that was asked for would exceed it. An
 * abort ends the waiting with `aborted`.
 *
 * @example await retry(() => backend.put(slot, entry, { signal }), { budget: { attempts: 5, totalMs: 60_000 }, … })
 */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { budget, signal } = options
  const end = options.now() + budget.totalMs
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      if (!mayHeal(error) || signal.aborted || attempt >= budget.attempts) throw error
      const wait = waitAfter(attempt, error, options.random())
      if (options.now() + wait > end) throw error
      options.told?.({ attempt, error, waitMs: wait })
      await options.sleep(wait, signal).catch((cause: unknown) => {
        throw new ProvError('aborted', `stopped while waiting to try again after: ${error.message}`, {
          ...place(error),
          cause,
        })
      })
    }
  }
}

function mayHeal(error: unknown): error is ProvError {
  return error instanceof ProvError && error.retryable && error.code !== 'aborted'
}

function waitAfter(attempt: number, error: ProvError, chance: number): number {
  const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1))
  return Math.max(Math.round(shortened(backoff, 1 - chance)), error.retryAfterMs ?? 0)
}

function place({ backend, operation, location }: ProvError): Pick<ProvError, 'backend' | 'operation' | 'location'> {
  return { backend, operation, location }
}
