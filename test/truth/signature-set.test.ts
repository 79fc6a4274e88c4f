/** What tells two imports of one payload apart: the signatures, in whatever order and however often they stand there. */
import { expect, test } from 'vitest'
import { signatureSet } from '../../src/truth/import.ts'

const of = (...sigs: readonly string[]): string =>
  signatureSet({ signatures: sigs.map((sig) => ({ sig: Buffer.from(sig) })) })

test('neither order nor repetition makes another import, and another signature does', () => {
  // Enough of them that an order by chance would not do.
  const all = ['a', 'b', 'c', 'd', 'e']
  expect(of(...all.toReversed())).toBe(of(...all))
  expect(of('a', 'a', 'b')).toBe(of('b', 'a'))
  expect(new Set([of('a'), of('b'), of('a', 'b'), of('a', 'b', 'c')]).size).toBe(4)
})
