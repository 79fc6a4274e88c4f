/** JSON as an input: what JSON.parse passes over in silence (a key given twice, nesting without end) is refused here. */
import { ProvError } from '../../errors.ts'

/** Deeper than any real run, shallow enough for every recursive reader behind it. */
export const MAX_DEPTH = 200

/**
 * One JSON text. Throws `input_invalid` (syntax, a key given twice in one object, half a surrogate pair) or `input_too_large` (more than
 * {@link MAX_DEPTH} levels), with the line.
 *
 * @example parseJson('run.json', '{"a":1,"a":2}') // throws input_invalid: run.json: line 1: the key "a" is given twice
 */
export function parseJson(name: string, text: string): unknown {
  const finding = scan(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    if (finding?.deep === true) throw tooDeep(name)
    throw new ProvError('input_invalid', `${name}: not valid JSON: ${oneLine(cause)}`, {
      location: name,
      hint: 'is the file complete?',
    })
  }
  if (finding?.deep === true) throw tooDeep(name)
  if (finding?.twice !== undefined) {
    const line = text.slice(0, finding.at).split('\n').length
    throw new ProvError('input_invalid', `${name}: line ${line}: the key ${finding.twice} is given twice`, {
      location: name,
      hint: 'readers disagree about which one counts; keep one',
    })
  }
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(value)) throw brokenText(name)
  return value
}

/** @example tooDeep('run.json').code // 'input_too_large' */
export function tooDeep(name: string): ProvError {
  return new ProvError('input_too_large', `${name}: nested deeper than ${MAX_DEPTH} levels`, {
    location: name,
    hint: 'no Tekton object is nested that deep',
  })
}

/** @example brokenText('run.json').code // 'input_invalid' */
export function brokenText(name: string): ProvError {
  return new ProvError('input_invalid', `${name}: a string holds half a surrogate pair, which is not Unicode text`, {
    location: name,
    hint: 'a payload must be UTF-8',
  })
}

interface ScanFinding {
  readonly at: number
  readonly twice?: string
  readonly deep?: boolean
}

/**
 * One pass over the text with a stack of its own: the first repeated key, or nesting past the limit. Takes valid JSON for
 * granted; what it says of anything else does not matter, since JSON.parse refuses it.
 */
function scan(text: string): ScanFinding | undefined {
  const objects: (Set<string> | undefined)[] = []
  let key = false
  let first: ScanFinding | undefined
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        const end = stringEnd(text, i)
        if (end < 0) return first
        const keys = objects[objects.length - 1]
        if (key && keys !== undefined && first === undefined) {
          const name = text.slice(i, end + 1)
          const plain = name.includes('\\') ? unescaped(name) : name
          if (keys.has(plain)) first = { at: i, twice: name }
          keys.add(plain)
        }
        key = false
        i = end
        break
      }
      case 0x7b: // {
        objects.push(new Set())
        key = true
        break
      case 0x5b: // [
        objects.push(undefined)
        key = false
        break
      case 0x7d: // }
      case 0x5d: // ]
        objects.pop()
        key = false
        break
      case 0x2c: // ,
        key = objects[objects.length - 1] !== undefined
        break
    }
    if (objects.length > MAX_DEPTH) return { at: i, deep: true }
  }
  return first
}

/** Index of the closing quote of the string that opens at `from`; -1 when it never closes. */
function stringEnd(text: string, from: number): number {
  let end = text.indexOf('"', from + 1)
  while (end >= 0) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return -1
}

function unescaped(quoted: string): string {
  try {
    return JSON.stringify(JSON.parse(quoted))
  } catch {
    return quoted
  }
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, item]) => key.isWellFormed() && isWellFormed(item))
}

function oneLine(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  return message.replace(/[\p{Cc}\p{Cs}]+/gu, ' ').slice(0, 160)
}
