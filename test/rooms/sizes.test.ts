/** Files and functions stay short: the check is red for what is too long, and the sources keep it. */
import { describe, expect, it } from 'vitest'
import { readSources } from './check.ts'
import { functionsIn, SIZES, tooLong } from './sizes.ts'

const body = (lines: number): string => '  work()\n'.repeat(lines - 2)

describe('functionsIn', () => {
  it.each([
    ['a function', 'export async function* long(a: string): AsyncIterable<string> {\n'],
    ['an arrow function', 'export const long = (a: string): void => {\n'],
    ['a method', '  async long(a, b) {\n'],
    ['a getter', '  get long() {\n'],
  ])('measures %s', (_, head) => {
    const indent = head.startsWith(' ') ? '  ' : ''
    const text = `const a = 1\n${head}${body(130)}${indent}}\n`
    expect(functionsIn(text)).toEqual([{ line: 2, lines: 130 }])
  })

  it('counts a head of several lines', () => {
    const text = `function long(\n  a: string,\n): void {\n${body(100)}}\n`
    expect(functionsIn(text)).toEqual([{ line: 1, lines: 102 }])
  })

  it('passes over blocks and tables, and finds what stands in them', () => {
    const text = 'const T = {\n  a: 1,\n}\nif (T.a) {\n  run(() => {\n    stop()\n  })\n}\n'
    expect(functionsIn(text)).toEqual([{ line: 5, lines: 3 }])
  })
})

describe('tooLong', () => {
  it('names a file, a function and a median that are over the limit', () => {
    const long = `function a() {\n${body(SIZES.function + 1)}}\n`
    expect(tooLong(new Map([['src/a.ts', long]]))).toEqual([
      `src/a.ts:1: a function of ${SIZES.function + 1} lines, over ${SIZES.function}`,
      `half of the files have ${SIZES.function + 1} lines or more`,
    ])
    expect(tooLong(new Map([['src/a.ts', '\n'.repeat(301)]]))[0]).toBe('src/a.ts has 301 lines, over 300')
  })

  it('finds nothing in the sources', () => {
    const sources = readSources('.')
    expect(tooLong(sources)).toEqual([])
  })
})
