/** The suite's own `expect` against vitest's: it must let pass what that lets pass, and refuse what that refuses. */
import { describe, test, expect as theirs } from 'vitest'
import { expect as ours } from './expect.ts'

const bytes = (...values: readonly number[]) => new Uint8Array(values)

/** Pairs that are alike, unlike, or alike only from one side. */
const PAIRS: readonly (readonly [unknown, unknown])[] = [
  [1, 1],
  [1, '1'],
  [0, -0],
  [Number.NaN, Number.NaN],
  [undefined, null],
  [{ a: 1, b: undefined }, { a: 1 }],
  [{ a: 1, b: 2 }, { a: 1 }],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 2 }] } }],
  [{ a: { b: [1, { c: 2, d: 3 }] } }, { a: { b: [1, { c: 2 }] } }],
  [[], []],
  [[1], [1, 2]],
  [[1, 2], [1]],
  [[], {}],
  [{}, []],
  [[undefined], []],
  [bytes(1, 2), bytes(1, 3)],
  [bytes(1, 2), [1, 2]],
  [bytes(), {}],
  [null, {}],
  ['a', {}],
]

/** True when the demand is met. */
function met(demand: () => void): boolean {
  try {
    demand()
    return true
  } catch {
    return false
  }
}

describe('the expect of the suite', () => {
  test.each(PAIRS)('%j and %j: as vitest says', (found, wanted) => {
    theirs(met(() => ours(found).toBe(wanted))).toBe(met(() => theirs(found).toBe(wanted)))
    theirs(met(() => ours(found).toEqual(wanted))).toBe(met(() => theirs(found).toEqual(wanted)))
    // vitest lets {} stand for anything; no line of the suite asks for nothing.
    if (typeof wanted !== 'object' || wanted === null || Object.keys(wanted).length === 0) return
    theirs(met(() => ours(found).toMatchObject(wanted))).toBe(met(() => theirs(found).toMatchObject(wanted)))
  })

  test('bytes are bytes, in whatever class', () => {
    theirs(met(() => ours({ raw: bytes(1, 2) }).toEqual({ raw: Buffer.from([1, 2]) }))).toBe(true)
    theirs(met(() => ours({ raw: bytes(1, 2) }).toEqual({ raw: Buffer.from([1, 3]) }))).toBe(false)
  })

  test('an empty list has no length but 0, nothing is in it, and nothing is something', () => {
    theirs(met(() => ours([]).toHaveLength(0))).toBe(true)
    theirs(met(() => ours([1]).toHaveLength(0))).toBe(false)
    theirs(met(() => ours(undefined).toHaveLength(0))).toBe(false)
    theirs(met(() => ours<readonly string[]>(['a']).toContain('a'))).toBe(true)
    theirs(met(() => ours<readonly string[]>(['a']).toContain('b'))).toBe(false)
    theirs(met(() => ours(2).toBeGreaterThan(1))).toBe(true)
    theirs(met(() => ours(1).toBeGreaterThan(1))).toBe(false)
    theirs(met(() => ours<number | undefined>(undefined).toBeLessThan(1))).toBe(false)
    theirs(met(() => ours('').toBeTruthy())).toBe(false)
    theirs(met(() => ours(undefined).toBeDefined())).toBe(false)
    theirs(met(() => ours(null).toBeUndefined())).toBe(false)
  })

  test('a failure says in one short line what and where', () => {
    theirs(() => ours([{ location: 'a' }]).toEqual([{ location: 'b' }])).toThrow(
      "[0].location: expected 'b', found 'a'",
    )
    theirs(() => ours('written', 'the outcome').toBe('unchanged')).toThrow(
      "the outcome: expected 'unchanged', found 'written'",
    )
    const long = 'x'.repeat(5000)
    theirs(() => ours(`${long}a`).toBe(`${long}b`)).toThrow(
      "expected 'xxxxxxxxxxxxxxxxxxxxb', found 'xxxxxxxxxxxxxxxxxxxxa' from character 4980",
    )
    theirs(() => ours(new Uint8Array(9999)).toBeUndefined()).toThrow(/^.{1,240}$/)
  })
})
