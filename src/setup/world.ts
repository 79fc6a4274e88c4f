/** What the set-up needs of the process: no terminal, no flags. A command makes one of its streams, a service of its log. */
import type { Readable } from 'node:stream'

export interface World {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted when the process is to stop. */
  readonly signal: AbortSignal
  /** Milliseconds since the epoch. */
  now(): number
  /** Random bytes. */
  random(size: number): Uint8Array
  /** What the input `-` reads. */
  readonly stdin: Readable
  /** One line that people should see. */
  warn(line: string): void
  /** One line of detail; never a secret. */
  debug(line: string): void
  /** One line about a try that failed and is to be repeated; absent: as a detail. */
  retrying?(line: string): void
}
