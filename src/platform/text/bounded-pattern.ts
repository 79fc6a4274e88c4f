/** Regular expressions that people write, on text that strangers write: `(\w+\.?)+` takes for ever on forty characters. */
import { type Context, createContext, Script } from 'node:vm'
import { isRecord } from './guards.ts'

/** Milliseconds for one text. A match takes microseconds; the watchdog's clock goes on while a busy machine does something else. */
const LIMIT = 500
/** For all texts on which the pattern was too slow; then each has the least. */
const IN_ALL = 2000
const LEAST = 20
/** A watchdog costs a third of a millisecond, and the same few people sign most of what a store holds. */
const MAX_KNOWN = 1000

let world: Context | undefined
let script: Script | undefined

/**
 * Whether the pattern matches a text, within a limited time; a text on which it takes longer does not match. Only V8's own watchdog can stop a
 * regular expression, and only for a script of its own.
 *
 * @example boundedPattern(/^(?:(?:\w+\.?)+@example\.com)$/u)('a'.repeat(50)) // false, after half a second
 */
export function boundedPattern(pattern: RegExp): (text: string) => boolean {
  const known = new Map<string, boolean>()
  let left = IN_ALL
  return (text) => {
    const answered = known.get(text)
    if (answered !== undefined) return answered
    const limit = Math.max(LEAST, Math.min(LIMIT, left))
    const answer = matches(pattern, text, limit)
    if (answer === undefined) left -= limit
    if (known.size < MAX_KNOWN) known.set(text, answer === true)
    return answer === true
  }
}

/** undefined when it takes longer. */
function matches(pattern: RegExp, text: string, timeout: number): boolean | undefined {
  world ??= createContext({})
  script ??= new Script('pattern.test(text)')
  Object.assign(world, { pattern, text })
  try {
    return script.runInContext(world, { timeout }) === true
  } catch (error) {
    if (isRecord(error) && error['code'] === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined
    throw error
  }
}
