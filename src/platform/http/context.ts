/** What an HTTP client takes from its surroundings. */
import type { Env } from './proxy.ts'

export interface HttpContext {
  readonly env: Env
  now(): number
  random(size: number): Uint8Array
  debug(line: string): void
}
