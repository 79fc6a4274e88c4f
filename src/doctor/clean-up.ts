/** Removes what the probe wrote, also after failures, and names what could not be removed. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Backend, Diagnostics, Slot } from '../backend/backend.ts'
import { type Diagnosis, examine } from '../backend/diagnosis.ts'
import { asProvError, ProvError } from '../errors.ts'
import type { Entry } from '../model/entry.ts'
import { removeAll } from './probe.ts'

/** In all. */
const LIMIT_MS = 30_000
/** In all after Ctrl-C, so that it is done, and what stays is said, before the process is ended (src/cli/cli.ts). */
const HURRIED_MS = 4000
/** The server may still act on a request that was cut off. */
const SETTLE_MS = 300

export interface CleanUpJob {
  /** What the probe was written through. */
  readonly backend: Backend
  /** Slots that the probe tried to write to. */
  readonly slots: readonly Slot[]
  readonly entries: readonly Entry[]
  readonly diagnostics: Diagnostics
  /** The probe was broken off. */
  readonly hurried: boolean
  now(): number
}

/**
 * Removes the copies, closes the stand-in, and sweeps. Never throws: what could not be removed is in the detail of the failed check, slot by
 * slot.
 *
 * @example (await cleanUp(job)).outcome // 'ok'
 */
export async function cleanUp(job: CleanUpJob): Promise<Diagnosis> {
  const { backend, slots, entries, diagnostics } = job
  const signal = AbortSignal.timeout(job.hurried ? HURRIED_MS : LIMIT_MS)
  return examine('clean-up', job.now, async () => {
    const attempt = async (place: string, work: () => Promise<void>): Promise<readonly string[]> => {
      try {
        await work()
        return []
      } catch (thrown) {
        const { message, location } = asProvError(thrown)
        return [`${location ?? place} (${message})`]
      }
    }
    if (job.hurried) await sleep(SETTLE_MS)
    const kept: string[] = []
    for (const slot of slots) {
      kept.push(...(await attempt(slot.key, () => removeAll(backend, slot, entries, signal))))
    }
    await diagnostics.standIn?.close()
    const { sweep } = diagnostics
    const unswept = sweep === undefined ? kept : await attempt(backend.name, () => sweep(slots, { signal }))
    // A sweep that succeeds has taken away what could not be removed as a copy, too.
    const left = unswept.length === 0 ? [] : [...new Set([...kept, ...unswept])]
    if (left.length === 0) return 'nothing is left behind'
    throw new ProvError('incomplete', `the probe may be left behind at ${left.join(', ')}`, {
      backend: backend.name,
      operation: 'clean up',
      hint: 'delete it by hand: it vouches for nothing',
    })
  })
}
