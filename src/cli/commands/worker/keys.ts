/** The keys that a worker trusts, for as long as it runs: what changes in their files or at their URL counts without a restart. */
import { linkedSignal } from '../../../platform/async/linked-signal.ts'
import { type Io, pause } from '../../../platform/io.ts'
import { followTrust, LOOK_MS } from '../../../service/followed-trust.ts'
import { whyNot } from '../../../service/health.ts'
import type { Trust } from '../../../trust/trust.ts'
import { warn, worldOf } from '../../world.ts'
import type { WorkerOptions } from './flags.ts'

export interface WorkerKeys {
  /** Those that could be used last. */
  trust(): Trust
  /** Why newer ones cannot be used, once that has been so for a minute. */
  stale(): string | undefined
  /** Has each change told from now on. */
  tell(told: (result: 'used' | 'refused') => void): void
  close(): Promise<void>
}

const STALE_MS = 60_000
const WHAT = 'the trusted keys'

/** Throws what keeps a worker from starting with these keys. @example const keys = await workerKeys(options, io) */
export async function workerKeys(options: WorkerOptions, io: Io): Promise<WorkerKeys> {
  const ended = linkedSignal(io.signal)
  let told = (_: 'used' | 'refused'): void => undefined
  const trusts = await followTrust(
    options,
    { ...worldOf(io, options), signal: ended.signal },
    {
      what: WHAT,
      everyMs: LOOK_MS,
      staleMs: STALE_MS,
      now: () => performance.now(),
      sleep: pause,
      changed: () => {
        told('used')
        warn(io, options, `${WHAT} have changed`)
      },
      failed: ({ code, message }) => {
        // It is about to end, and reads nothing more.
        if (ended.signal.aborted) return
        told('refused')
        warn(io, options, `${code}: ${message}; ${WHAT} stay as they were`)
      },
    },
  )
  return {
    trust: () => trusts.last,
    stale: () => whyNot(trusts.stale),
    tell: (next) => {
      told = next
    },
    close: async () => {
      ended.abort()
      ended.release()
      await trusts.stop()
    },
  }
}
