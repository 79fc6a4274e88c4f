/** Progress of long work, on stderr only: one line that is redrawn on a terminal, a plain line now and then elsewhere. */
import type { Io } from './io.ts'

export interface Progress {
  /** `total` is undefined while it is not known. */
  update(done: number, total: number | undefined, more?: ProgressDetails): void
  end(): void
}

export interface ProgressDetails {
  readonly bytes?: number
  /** How often each backend failed. */
  readonly errors?: Readonly<Record<string, number>>
}

/** How work that takes long says how far it has come. */
export type ProgressUpdate = Progress['update']

/** Counts failures by backend. */
export function failuresOf(): { readonly counts: Readonly<Record<string, number>>; add(backend: string): void } {
  const counts: Record<string, number> = {}
  return {
    counts,
    add(backend) {
      counts[backend] = (counts[backend] ?? 0) + 1
    },
  }
}

const QUIET_BELOW = 20
const TERMINAL_EVERY_MS = 200
const PLAIN_EVERY_MS = 10_000

/**
 * @example
 * const progress = reporter(io, 'stored', {})
 * progress.update(40, 1000) // stderr: prov: stored 40 of 1000, 81/s, 12s left
 */
export function reporter(io: Io, verb: string, options: { readonly quiet?: boolean }): Progress {
  const began = io.now()
  const terminal = io.stderr.isTTY === true
  let last = began
  let drawn = false
  return {
    update(done, total, more = {}) {
      const now = io.now()
      if (options.quiet === true || (total ?? done) < QUIET_BELOW) return
      if (now - last < (terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS)) return
      last = now
      const line = `prov: ${verb} ${lineOf(done, total, (now - began) / 1000, more)}`
      // A line that wraps could not be drawn over.
      io.stderr.write(terminal ? `\r\u001b[K${line.slice(0, (io.stderr.columns || 80) - 1)}` : `${line}\n`)
      drawn = terminal
    },
    end() {
      if (drawn) io.stderr.write('\r\u001b[K')
    },
  }
}

function lineOf(
  done: number,
  total: number | undefined,
  seconds: number,
  { bytes, errors = {} }: ProgressDetails,
): string {
  const rate = done / seconds
  const left = total === undefined || rate === 0 ? [] : [`${timeText((total - done) / rate)} left`]
  const size = bytes === undefined || bytes === 0 ? [] : [`${sizeText(bytes)}`]
  const failed = Object.entries(errors).map(([backend, n]) => `${n} failed at ${backend}`)
  const count = total === undefined ? `${done}` : `${done} of ${total}`
  return [count, `${Math.round(rate)}/s`, ...size, ...left, ...failed].join(', ')
}

function timeText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const pad = (n: number): string => String(n).padStart(2, '0')
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`
  return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`
}

function sizeText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}
