/** The log of a service: one line of JSON an event, by pino, which is loaded when a service starts. */
import type { Writable } from 'node:stream'
import { escapeControlJson } from '../platform/text/escape-control.ts'

/** What happened, and its facts: plain values, never an error object, a header or a query. */
export type Facts = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

export interface Log {
  debug(event: string, facts?: Facts): void
  info(event: string, facts?: Facts): void
  warn(event: string, facts?: Facts): void
  error(event: string, facts?: Facts): void
}

/** Facts of these names never come into a log, whoever gives them. */
const SECRET = ['authorization', 'cookie', 'password', 'token', 'secret', 'key', 'query']

export interface LogOptions {
  readonly stream: Writable
  readonly level: 'debug' | 'info' | 'error'
  /** Milliseconds since the epoch. */
  now(): number
}

/** What waits for a reader that is slow; beyond it lines are dropped, and how many is told when it reads again. */
const MOST_WAITING_BYTES = 1024 * 1024

/** @example const log = await openLog({ stream: io.stdout, level: 'info', now: Date.now }); log.info('listening', { address }) */
export async function openLog({ stream, level, now }: LogOptions): Promise<Log> {
  const { default: pino } = await import('pino')
  let lost = 0
  const write = (line: string): void => {
    if (stream.writableLength > MOST_WAITING_BYTES) {
      lost++
      return
    }
    const lines = lost
    lost = 0
    if (lines > 0) logger.warn({ lines }, 'log_lost')
    stream.write(`${escapeControlJson(line.trimEnd())}\n`)
  }
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'event',
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...SECRET], censor: '[redacted]' },
    },
    { write },
  )
  const at =
    (name: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, facts: Facts = {}): void =>
      logger[name](facts, event)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
