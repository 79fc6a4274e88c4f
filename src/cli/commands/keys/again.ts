/** Work of `prov keys` that is done once, or again and again until a signal. */
import { asProvError, ERRORS } from '../../../errors.ts'
import { jittered } from '../../../platform/async/jitter.ts'
import { exitStatus, type Io, pause } from '../../../platform/io.ts'
import { warn } from '../../world.ts'
import type { WatchOptions } from './region-flags.ts'

/**
 * The exit status of `work`; with --watch 0 at a signal. What fails while watching is said, and tried again in its turn; but what is wrong with
 * the command line or the configuration ends it.
 *
 * @param failed told of each failure while watching
 */
export async function again(
  { watch, ...voice }: WatchOptions,
  io: Io,
  work: () => Promise<number>,
  failed: () => void = () => {},
): Promise<number> {
  if (watch === undefined) return exitStatus(await work(), io)
  while (!io.signal.aborted) {
    try {
      await work()
    } catch (thrown) {
      const error = asProvError(thrown)
      if (io.signal.aborted) break
      if (ERRORS[error.code].exit <= 2) throw thrown
      failed()
      warn(io, voice, `${error.code}: ${error.message}; trying again`)
    }
    // Several of them, started together, do not stay together.
    await pause(
      jittered(watch, (size) => io.random(size), 0.8),
      io.signal,
    ).catch(() => {})
  }
  return 0
}
