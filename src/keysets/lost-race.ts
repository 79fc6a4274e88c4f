/** Conditional writes that others won: everything is read and decided again, each time after a longer wait that differs by chance. */
import { ProvError } from '../errors.ts'
import { jittered } from '../platform/async/jitter.ts'

export interface RaceOptions {
  /** Tries in all; default 20. */
  readonly tries?: number
  /** The first wait, in milliseconds; each further one is twice as long, up to {@link LONGEST_MS}. Default 250. */
  readonly waitMs?: number
  readonly signal: AbortSignal
  random(size: number): Uint8Array
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

const TRIES = 20
const WAIT_MS = 250
const LONGEST_MS = 8000

/** Given back by what lost; `asked`: how long the store wants to be left alone, in milliseconds. */
export interface Lost {
  readonly lost: true
  readonly asked?: number | undefined
}

export const LOST: Lost = { lost: true }

/**
 * Runs `attempt` until it does not lose. A store that answers "too many requests" or "try again" is a lost race too. Throws `conflict` when
 * all tries are lost.
 *
 * @example const { result, lost } = await race('gs://b/public/keys.json', () => attempt(), options)
 */
export async function race<T extends object>(
  where: string,
  attempt: () => Promise<T | Lost>,
  { tries = TRIES, waitMs = WAIT_MS, signal, random, sleep }: RaceOptions,
): Promise<{ readonly result: T; readonly lost: number }> {
  for (let lost = 0; lost < tries; lost++) {
    const result = await attempt().catch(lostIn)
    if (!('lost' in result && result.lost === true)) return { result: result as T, lost }
    const wait = jittered(Math.min(LONGEST_MS, waitMs * 2 ** lost), random, 0)
    await sleep(Math.max(wait, Math.min(LONGEST_MS, (result as Lost).asked ?? 0)), signal).catch((cause: unknown) => {
      throw new ProvError('aborted', 'stopped while waiting to write again', { location: where, cause })
    })
  }
  throw new ProvError('conflict', `other writers changed it each of ${tries} times`, {
    operation: 'write',
    location: where,
    hint: 'run the same command again; a few writers of one place are enough',
  })
}

function lostIn(error: unknown): Lost {
  if (error instanceof ProvError && (error.code === 'throttled' || error.code === 'conflict'))
    return { lost: true, asked: error.retryAfterMs }
  throw error
}
