/** Delivers some rows in the process that committed them, for at most so long. What is not done by then is left to a worker. */
import { type LaneJob, runLane } from './lane.ts'

export interface WaitJob extends Omit<LaneJob, 'only' | 'drain' | 'stop' | 'givenBack'> {
  /** Numbers of the rows. */
  readonly rows: readonly number[]
  /** Aborted when the time is over, or the process is to end: what is in flight is stopped. */
  readonly signal: AbortSignal
  /** Waits; rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Between two looks for what has become due again, or was released by the last required copy. */
const LOOK_MS = 200

/**
 * Goes on until none of the rows is pending or waiting, or the signal is aborted. Gives the rows that are still owed: [] when all are done.
 *
 * @example const owed = await waitFor({ ...job, rows: ids, signal: AbortSignal.timeout(60_000) })
 */
export async function waitFor(job: WaitJob): Promise<readonly number[]> {
  const { truth, rows, targets, host, signal } = job
  const givenBack = new Set<number>()
  for (;;) {
    if (!signal.aborted) {
      const lanes = await truth.lanes(targets, host)
      const work = { ...job, only: rows, drain: signal, stop: signal, givenBack }
      await Promise.all(lanes.map(({ lane }) => runLane(lane, work)))
    }
    const left = await truth.list({ ids: rows, states: ['waiting', 'pending', 'held', 'gone'], limit: rows.length })
    const hopeful = left.some(
      (row) =>
        row.state === 'pending' &&
        row.entryState === 'good' &&
        (row.host === undefined || row.host === host) &&
        !givenBack.has(row.seq),
    )
    if (signal.aborted || !hopeful) return left.map(({ id }) => id)
    await job.sleep(LOOK_MS, signal).catch(() => undefined)
  }
}
