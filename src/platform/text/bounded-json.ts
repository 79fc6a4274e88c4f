/** JSON from others: measured before it is parsed, since JSON.parse itself has no limits. Pure. */
import { ProvError } from '../../errors.ts'

export interface JsonBounds {
  /** Objects and arrays within each other, the outermost counted. */
  readonly depth: number
  /** Values and members in all. */
  readonly values: number
}

/** What a payload, a manifest or an answer may have: more than any real one, and too little to fill the memory or the stack. */
export const JSON_BOUNDS: JsonBounds = { depth: 200, values: 500_000 }

/**
 * The value of a JSON text. Throws `limit_exceeded` for one that is deeper or has more values than `bounds`, and SyntaxError as JSON.parse does.
 *
 * @example parseBounded('{"a":[1,2]}') // { a: [1, 2] }
 */
export function parseBounded(text: string, bounds: JsonBounds = JSON_BOUNDS): unknown {
  if (text.length > bounds.values) {
    refuseUnbounded(text, bounds)
    return JSON.parse(text)
  }
  // So short a text has no more values than characters. JSON.parse needs no stack for depth; what reads its value afterwards would.
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    refuseUnbounded(text, bounds) // that it is deep tells more than where it breaks off
    throw thrown
  }
  if (isDeeper(value, bounds.depth)) throw tooDeep(bounds.depth)
  return value
}

/** Level by level, so that no depth costs stack. */
function isDeeper(value: unknown, most: number): boolean {
  let level = isContainer(value) ? [value] : []
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === most) return true
    const below: object[] = []
    for (const one of level) for (const member of Object.values(one)) if (isContainer(member)) below.push(member)
    level = below
  }
  return false
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function tooDeep(depth: number): ProvError {
  return new ProvError('limit_exceeded', `JSON nested deeper than ${depth} levels`)
}

/** One pass, which takes valid JSON for granted: what it says of anything else does not matter, since JSON.parse refuses it. */
function refuseUnbounded(text: string, { depth, values }: JsonBounds): void {
  let level = 0
  let count = 1
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) {
      i = stringEnd(text, i)
      if (i < 0) return
    } else if (c === 0x5b || c === 0x7b) {
      level++
      count++
    } else if (c === 0x5d || c === 0x7d) level--
    else if (c === 0x2c || c === 0x3a) count++
    if (level > depth) throw tooDeep(depth)
    if (count > values) throw new ProvError('limit_exceeded', `JSON of more than ${values} values`)
  }
}

/** Index of the quote that ends the string opened at `from`; -1 when none does. */
function stringEnd(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return end
  }
  return -1
}
