/** A configuration is read as strictly as an input; what is wrong with it is said without its text. */
import { describe, expect, it } from 'vitest'
import { readYaml } from '../../../src/platform/text/plain-yaml.ts'

describe('readYaml', () => {
  it.each([
    ['', {}],
    ['a: yes\nb: 0x10\nc: ~\nd: 1.50\ne: "x"\n', { a: 'yes', b: '0x10', c: '~', d: '1.50', e: 'x' }],
    ['a:\n  - 1\n  - b\n', { a: ['1', 'b'] }],
    ['a: &x {b: c}\nd: *x\n', { a: { b: 'c' }, d: { b: 'c' } }],
    ['a: !!str 5\nb:\n', { a: '5', b: '' }],
  ])('reads %j, every scalar as its text', (text, value) => expect(readYaml(text)).toEqual({ value }))

  it.each([
    ['a: 1\n---\nb: 2\n', 'holds more than one document'],
    ['a: [\n', 'is not valid YAML at line 2, column 1 (BAD_INDENT)'],
    ['a: 1\na: secret\n', 'is not valid YAML at line 2, column 1 (DUPLICATE_KEY)'],
    ['a: !!binary c2VjcmV0\n', 'is not valid YAML at line 1, column 13 (TAG_RESOLVE_FAILED)'],
    ['a: &x [*x]\n', 'is not valid YAML at line 1, column 8 (BAD_ALIAS)'],
    ['a: *secret\n', 'is not valid YAML at line 1, column 4 (BAD_ALIAS)'],
    ['? [secret]\n: 1\n', 'is not valid YAML at line 1, column 3 (IMPOSSIBLE)'],
  ])('says where %j is wrong, and nothing of its text', (text, problem) => expect(readYaml(text)).toEqual({ problem }))

  it('reads no deep nesting and no bomb of aliases', () => {
    const bomb = Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`).join('')
    for (const text of ['['.repeat(100_000), `a0: &a0 [x, x]\n${bomb}`])
      expect(readYaml(text).problem).toMatch(/^is not valid YAML:/)
  })
})
