import { expect, test } from 'vitest'
import { clockSkew } from '../../src/backend/clock-skew.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const at = (seconds: number) => new Date(NOW + seconds * 1000).toUTCString()

test('within a minute is well, whichever way', () => {
  for (const seconds of [-59, -1, 0, 1, 59]) {
    expect(clockSkew(at(seconds), NOW, NOW + 200)).toMatch(/^within \d+ s of this machine's$/)
  }
})

test('more is said, with its direction', () => {
  expect(clockSkew(at(600), NOW, NOW)).toMatchObject({
    outcome: 'degraded',
    detail: expect.stringMatching(/^60[01] s ahead of/),
  })
  expect(clockSkew(at(-600), NOW, NOW)).toMatchObject({
    outcome: 'degraded',
    detail: expect.stringMatching(/^(599|600) s behind/),
  })
})

test('a slow answer is no skew: any moment between question and answer will do', () => {
  expect(clockSkew(at(100), NOW, NOW + 200_000)).toBe("within 1 s of this machine's")
})

test('what is no date is not guessed at', () => {
  for (const date of [undefined, '', '0', 'tomorrow morning']) {
    expect(clockSkew(date, NOW, NOW)).toMatchObject({ outcome: 'skipped' })
  }
})
