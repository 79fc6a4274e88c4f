/** Progress of long work, on stderr only: one line that is redrawn on a terminal, a plain line now and then elsewhere. */
import type { Io } from './io.ts'

export interface Progress {
  update(done: number, total: number): void
  end(): void
}

const QUIET_BELOW = 20
const TERMINAL_EVERY_MS = 200
const PLAIN_EVERY_MS = 10_000

/**
 * @example
 * const progress = reporter(io, 'stored', {})
 * progress.update(40, 1000) // stderr: prov: stored 40 of 1000, 81/s
 */
export function reporter(io: Io, verb: string, options: { readonly quiet?: boolean }): Progress {
  const began = io.now()
  const terminal = io.stderr.isTTY === true
  let last = began
  let drawn = false
  return {
    update(done, total) {
      const now = io.now()
      if (options.quiet === true || total < QUIET_BELOW) return
      if (now - last < (terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS)) return
      last = now
      const rate = Math.round(done / ((now - began) / 1000))
      const line = `prov: ${verb} ${done} of ${total}, ${rate}/s`
      io.stderr.write(terminal ? `\r\u001b[K${line}` : `${line}\n`)
      drawn = terminal
    },
    end() {
      if (drawn) io.stderr.write('\r\u001b[K')
    },
  }
}
