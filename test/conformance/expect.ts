/**
 * What the lines of the suite demand, in a few words. The suite also runs outside any test framework (`prov conform`), so it brings
 * its own `expect`: the names and meanings are those of vitest, a failure is node:assert's AssertionError in one short sentence.
 */
import { AssertionError } from 'node:assert'
import { inspect } from 'node:util'

export interface Expectation<T> {
  /** The same value. */
  toBe(wanted: T | undefined): void
  /** The same members, however deep; a member that is undefined counts as absent, bytes by their values. */
  toEqual(wanted: unknown): void
  /** Every member of `wanted` is there and equal. */
  toMatchObject(wanted: object): void
  toContain(member: T extends readonly (infer M)[] ? M | undefined : never): void
  toHaveLength(length: number): void
  toBeGreaterThan(limit: number): void
  toBeLessThan(limit: number): void
  toBeTruthy(): void
  toBeDefined(): void
  toBeUndefined(): void
}

/**
 * @example expect(receipt.outcome).toBe('written')
 * @example expect(found.keyid, 'the key id').toBe('SHA256:…') // the key id: expected …
 */
export function expect<T>(value: T, what?: string): Expectation<T> {
  const demand = (holds: boolean, wanted: string): void => {
    if (!holds) throw failed(what, `expected ${wanted}, found ${show(value)}`, value, undefined)
  }
  const alike = (wanted: unknown, some: boolean): void => {
    const unlike = difference(value, wanted, some)
    if (unlike === undefined) return
    const at = unlike.at === '' ? '' : `${unlike.at}: `
    throw failed(what, `${at}${unlikeness(unlike.wanted, unlike.found)}`, value, wanted)
  }
  const size = (value as { readonly length?: unknown } | undefined)?.length
  return {
    toBe: (wanted) => {
      if (!Object.is(value, wanted)) throw failed(what, unlikeness(wanted, value), value, wanted)
    },
    toEqual: (wanted) => alike(wanted, false),
    toMatchObject: (wanted) => alike(wanted, true),
    toContain: (member) => demand(Array.isArray(value) && value.includes(member), `${show(member)} among them`),
    toHaveLength: (length) => {
      if (size !== length) throw failed(what, `expected ${length} of them, found ${show(size)}`, size, length)
    },
    toBeGreaterThan: (limit) => demand(typeof value === 'number' && value > limit, `more than ${limit}`),
    toBeLessThan: (limit) => demand(typeof value === 'number' && value < limit, `less than ${limit}`),
    toBeTruthy: () => demand(Boolean(value), 'something'),
    toBeDefined: () => demand(value !== undefined, 'something'),
    toBeUndefined: () => demand(value === undefined, 'nothing'),
  }
}

function failed(what: string | undefined, sentence: string, actual: unknown, expected: unknown): AssertionError {
  const message = what === undefined ? sentence : `${what}: ${sentence}`
  return new AssertionError({ message, actual, expected, operator: 'expect' })
}

interface Difference {
  /** Path to the first member that differs, e.g. `[0].location`. */
  readonly at: string
  readonly found: unknown
  readonly wanted: unknown
}

/** The first difference; `some`: members that are not wanted may be there. */
function difference(found: unknown, wanted: unknown, some: boolean, at = ''): Difference | undefined {
  if (Object.is(found, wanted)) return undefined
  const here = { at, found, wanted }
  if (!isObject(found) || !isObject(wanted)) return here
  if (found instanceof Uint8Array || wanted instanceof Uint8Array) {
    const both = found instanceof Uint8Array && wanted instanceof Uint8Array
    return both && Buffer.compare(found, wanted) === 0 ? undefined : here
  }
  if (Array.isArray(found) !== Array.isArray(wanted)) return here
  if (Array.isArray(found) && Array.isArray(wanted) && found.length !== wanted.length) return here
  const names = new Set([...Object.keys(wanted), ...(some && !Array.isArray(wanted) ? [] : Object.keys(found))])
  for (const name of names) {
    const path = Array.isArray(wanted) ? `${at}[${name}]` : at === '' ? name : `${at}.${name}`
    const unlike = difference(found[name as never], wanted[name as never], some, path)
    if (unlike !== undefined) return unlike
  }
  return undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

const LONGEST = 200
const BEFORE = 20

/** Of two long texts only what stands around the first letter that differs. */
function unlikeness(wanted: unknown, found: unknown): string {
  if (typeof wanted !== 'string' || typeof found !== 'string') return `expected ${show(wanted)}, found ${show(found)}`
  let same = 0
  while (same < wanted.length && wanted[same] === found[same]) same++
  const from = Math.max(wanted.length, found.length) < LONGEST / 4 ? 0 : Math.max(0, same - BEFORE)
  const [w, f] = [wanted, found].map((text) => show(text.slice(from, from + LONGEST / 4)))
  return `expected ${w}, found ${f}${from === 0 ? '' : ` from character ${from}`}`
}

function show(value: unknown): string {
  const options = { depth: 3, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 10, maxStringLength: 100 }
  const text = inspect(value instanceof Error ? `${value.name}: ${value.message}` : value, options).replace(/\s+/g, ' ')
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`
}
