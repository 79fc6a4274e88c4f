/** The end of the process, whatever is still in flight. */
import { writeSync } from 'node:fs'

/**
 * Ends this process by the signal that it was sent, after what waits for its exit has run. `process.exit` would wait for every call to the
 * file system that is still under way, and a pipe without a writer or a server that is gone can hold one for ever.
 *
 * @example endBy('SIGTERM')
 */
export function endBy(signal: NodeJS.Signals, line?: string): void {
  if (line !== undefined) say(line)
  process.emit('exit', 1)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

function say(line: string): void {
  try {
    writeSync(2, `${line}\n`)
  } catch {
    // nobody reads it
  }
}
