import { describe, expect, it } from 'vitest'
import { JUDGING } from './files.ts'
import { mutantsOf } from './mutants.ts'

const sources = (source: string): readonly string[] => mutantsOf(source).map((mutant) => mutant.source)

describe('mutants', () => {
  it.each([
    ['x = a === b', ['x = a !== b']],
    ['x = a && b || c', ['x = a || b || c', 'x = a && b && c']],
    ['if (!a(b)) go()', ['if (a(b)) go()', 'if (!(!a(b))) go()']],
    ['x = y.some(z)', ['x = y.every(z)']],
    ['x = a > 0', ['x = a <= 0']],
    ['x = true', ['x = false']],
  ])('of %s', (source, expected) => {
    expect(sources(source).toSorted()).toEqual(expected.toSorted())
  })

  it.each([
    "x = ' === '",
    '// a === b',
    '/* a === b */',
    'x = `a === b`',
    'x = test(/ === /)',
    'readonly a: b && true',
    'export type A = true | false',
    'x = (a) => b',
  ])('of none: %s', (source) => {
    expect(sources(source)).toEqual([])
  })

  it('are named apart, though they stand in one line', () => {
    const changes = mutantsOf('x = a === b && c === d').map(({ change }) => change)
    expect(new Set(changes).size).toBe(changes.length)
  })

  it('are made of every file that judges', async () => {
    const { readFileSync } = await import('node:fs')
    for (const file of JUDGING) expect(mutantsOf(readFileSync(file, 'utf8')).length, file).toBeGreaterThan(10)
  })
})
