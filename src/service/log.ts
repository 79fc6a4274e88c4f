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

/** @example const log = await openLog({ stream: io.stdout, level: 'info', now: Date.now }); log.info('listening', { address }) */
export async function openLog({ stream, level, now }: LogOptions): Promise<Log> {
  const { default: pino } = await import('pino')
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'event',
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...SECRET], censor: '[redacted]' },
    },
    { write: (line: string) => void stream.write(`${escapeControlJson(line.trimEnd())}\n`) },
  )
  const at =
    (name: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, facts: Facts = {}): void =>
      logger[name](facts, event)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
