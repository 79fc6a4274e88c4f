/** How fast one process asks one host, and for how long it leaves a host alone that asked for that. Shared by all who ask. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ProvError } from '../../errors.ts'
import { boundedMap } from '../async/bounded-map.ts'

export interface Pace {
  /** Waits for the turn of one request. Throws `throttled` for a wait that is too long, and `aborted`. */
  turn(host: string, signal: AbortSignal): Promise<void>
  /** The host asked to be left alone for so many milliseconds. */
  asked(host: string, ms: number): void
}

export interface PaceOptions {
  /** Requests to one host; those of a whole second may come at once. Infinity: no limit. */
  readonly perSecond: number
  /** Milliseconds since any fixed point in time. */
  now(): number
}

interface HostState {
  /** When the last request that had its turn is paid for. */
  paid: number
  /** Until when the host wants to be left alone. */
  until: number
}

/** Whoever would wait longer is told so at once. */
const LONGEST_WAIT_MS = 2000
/** A host cannot ask for more. */
const LONGEST_REST_MS = 600_000
const MOST_HOSTS = 1000
const SECOND_MS = 1000

/** @example const pace = hostPace({ perSecond: 100, now: () => performance.now() }); await pace.turn('ghcr.io', signal) */
export function hostPace({ perSecond, now }: PaceOptions): Pace {
  const hosts = boundedMap<string, HostState>(MOST_HOSTS)
  const cost = SECOND_MS / perSecond
  const stateOf = (host: string): HostState => {
    const known = hosts.get(host)
    if (known !== undefined) return known
    const made = { paid: Number.NEGATIVE_INFINITY, until: Number.NEGATIVE_INFINITY }
    hosts.set(host, made)
    return made
  }
  return {
    async turn(host, signal) {
      const state = stateOf(host)
      const at = now()
      // What was not used in the last second is there to be used at once.
      const paid = Math.max(state.paid, at - SECOND_MS) + cost
      const wait = Math.max(paid - at, state.until - at)
      if (wait > LONGEST_WAIT_MS) throw tooFast(host, wait, state.until > at)
      state.paid = paid
      if (wait <= 0) return
      await sleep(wait, undefined, { signal }).catch((cause: unknown) => {
        throw new ProvError('aborted', `stopped while waiting for a turn at ${host}`, { cause })
      })
    },
    asked(host, ms) {
      const state = stateOf(host)
      state.until = Math.max(state.until, now() + Math.min(ms, LONGEST_REST_MS))
    },
  }
}

function tooFast(host: string, wait: number, isAsked: boolean): ProvError {
  const why = isAsked ? `${host} asked for fewer requests` : `as many requests to ${host} as may be sent in a second`
  return new ProvError('throttled', `${why}; the next one in ${(wait / SECOND_MS).toFixed(1)} s`, {
    retryAfterMs: wait,
  })
}
