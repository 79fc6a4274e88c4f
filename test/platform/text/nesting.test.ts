import { expect, it } from 'vitest'
import { isDeeplyNested } from '../../../src/platform/text/nesting.ts'

const RULES: readonly (readonly [string, string, boolean])[] = [
  ['arrays, one too deep', '['.repeat(201), true],
  ['arrays, just not', '['.repeat(200), false],
  ['objects, one too deep', '{"a":'.repeat(201), true],
  ['objects, just not', '{"a":'.repeat(200), false],
  ['many side by side', '[],{}'.repeat(10_000), false],
  ['brackets in a text', `"${'['.repeat(1000)}"`, false],
  ['brackets after a text that ends in an escaped quote', `"\\"${'['.repeat(1000)}"`, false],
  ['brackets after a text that ends in an escaped backslash', `"\\\\"${'['.repeat(1000)}`, true],
  ['nothing', '', false],
]
it.each(RULES)('%s', (_, text, deep) => {
  expect(isDeeplyNested(Buffer.from(text))).toBe(deep)
})

it('is quick on large and hostile text', () => {
  const start = performance.now()
  for (const text of ['['.repeat(30e6), `"${'\\"'.repeat(15e6)}`, '[]'.repeat(15e6)]) isDeeplyNested(Buffer.from(text))
  expect(performance.now() - start).toBeLessThan(5000)
})
