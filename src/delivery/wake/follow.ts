/** Follows transports for as long as a worker lives: one that is down, ends or throws is connected to again, and stops nobody. */
import { asProvError } from '../../errors.ts'
import type { ObjectHint, Transport } from './wake.ts'

export interface FollowJob {
  /** Aborted when nobody needs hints any more. */
  readonly signal: AbortSignal
  /** Called with each hint. */
  woke(transport: string): void
  /** Called with each object that was written; resolves when it takes the next one. Absent: a message about one is left to others. */
  object?(hint: ObjectHint): Promise<void>
  /** Called once when a transport is lost, and again only after it was well for a while. */
  lost(line: string): void
  now(): number
  /** From 0 up to 1. */
  random(): number
  /** Waits; rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 60_000
/** A connection that stood for so long was a good one. */
const WELL_MS = 10_000
/** What does not end by itself once it should is left to end with the process. */
const CLOSE_MS = 1500

/**
 * Resolves once the signal is aborted and the connections are closed, within two seconds; throws nothing.
 *
 * @example const followed = follow(transports, job); stop.abort(); await followed
 */
export async function follow(transports: readonly Transport[], job: FollowJob): Promise<void> {
  const ended = Promise.all(transports.map((transport) => followOne(transport, job)))
  await Promise.race([ended, aborted(job.signal)])
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS)
  })
  await Promise.race([ended, late])
  clearTimeout(timer)
}

async function followOne(transport: Transport, job: FollowJob): Promise<void> {
  const { signal, now } = job
  let failures = 0
  while (!signal.aborted) {
    const began = now()
    const why = await untilLost(transport, job)
    if (signal.aborted) return
    if (now() - began >= WELL_MS) failures = 0
    failures++
    if (failures === 1) {
      job.lost(
        `${transport.name} at ${transport.location} wakes nobody now: ${why}; connecting again, and looking without it`,
      )
    }
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 10)) * (1 - job.random() / 2)
    await job.sleep(wait, signal).catch(() => undefined)
  }
}

/** Why it was lost, in words. */
async function untilLost(transport: Transport, { signal, woke, object }: FollowJob): Promise<string> {
  try {
    for await (const hint of transport.hints(signal)) {
      if (signal.aborted) break
      if (hint === undefined) woke(transport.name)
      else await object?.(hint)
    }
    return 'the connection ended'
  } catch (thrown) {
    const { message, hint } = asProvError(thrown)
    return hint === undefined ? message : `${message} (${hint})`
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
