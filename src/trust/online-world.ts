/** What reading a key set takes from its surroundings. */
import type { HttpContext } from '../platform/http/context.ts'

export interface OnlineWorld extends HttpContext {
  /** Ends what is read from the network. */
  readonly signal: AbortSignal
  /** One line that people should see. */
  warn(line: string): void
}
