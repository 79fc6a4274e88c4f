import { expect, test } from 'vitest'
import { boundedPattern } from '../../../src/platform/text/bounded-pattern.ts'

const slow = /^(?:(?:\w+\.?)+@example\.com)$/u

test('it matches as the pattern does', () => {
  const matches = boundedPattern(slow)
  expect([matches('dev@example.com'), matches('dev@example.org'), matches('')]).toEqual([true, false, false])
})

test('a text on which it takes too long does not match, and the next one does', () => {
  const matches = boundedPattern(slow)
  const start = performance.now()
  const evil = Array.from({ length: 300 }, (_, i) => `${'a'.repeat(50)}${i}`)
  expect(evil.concat(evil).filter(matches)).toEqual([])
  expect(performance.now() - start).toBeLessThan(60_000)
  expect(matches('dev@example.com')).toBe(true)
})

test('two patterns do not disturb each other', () => {
  const [a, b] = [boundedPattern(/^a$/u), boundedPattern(/^b$/u)]
  expect([a('a'), b('a'), a('b'), b('b')]).toEqual([true, false, false, true])
})
