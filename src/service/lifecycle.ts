/** The end of a service that was asked to end: it says that it is not ready, goes on for a while, finishes what it has, and is over. */
import { STOPPED_EXIT } from '../errors.ts'

export interface Life {
  /** Aborted by the first signal. The second ends the process, see src/cli/cli.ts. */
  readonly signal: AbortSignal
  /** Told at once: from here on the service says that it is not ready. */
  draining(): void
  /** Still serving for so long, so that whoever sends requests has learned that it is not ready. */
  readonly drainMs: number
  /** Takes no more, and ends once what was taken is done. */
  finish(): Promise<void>
  /** What was taken may need so long; after that it is given up. */
  readonly finishMs: number
  abandon(): void
  /** Waits. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/**
 * Waits for the signal and ends the service. Exit status: 0 when all that was taken was done, 130 when some of it was given up.
 *
 * @example process.exitCode = await untilStopped({ signal: io.signal, drainMs: 5000, … })
 */
export async function untilStopped(life: Life): Promise<number> {
  await aborted(life.signal)
  life.draining()
  const never = new AbortController()
  await life.sleep(life.drainMs, never.signal)
  const late = new AbortController()
  const isDone = await Promise.race([
    life.finish().then(() => true),
    life.sleep(life.finishMs, late.signal).then(
      () => false,
      () => true,
    ),
  ])
  late.abort()
  if (!isDone) life.abandon()
  return isDone ? 0 : STOPPED_EXIT
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
