/** For how long a verdict is kept, and which ones never are. */
import { expect, it } from 'vitest'
import { bodyOf, readBody, type Ttl, ttlOf } from '../../src/cache/kept.ts'
import { reportOf } from '../support/verdicts.ts'

const ttl: Ttl = { passMs: 60_000, failMs: 5000, absentMs: 2000 }
const NOW = 1_000_000

it.each([
  ['=', 60_000],
  ['=~', 60_000],
  ['=x', 60_000],
  ['#', 5000],
  ['=*', 5000],
  ['=+', 2000],
  ['+', 2000],
])('%s is kept for %d ms', (marks, ms) => {
  expect(ttlOf(reportOf(marks), ttl, NOW)).toBe(ms)
})

it.each(['!', '=!', '#!', '+!'])('%s is never kept: a backend could not be read', (marks) => {
  expect(ttlOf(reportOf(marks), ttl, NOW)).toBeUndefined()
})

it('an outage that was forgiven is not kept either', () => {
  expect(ttlOf(reportOf('=!', { exit: 0 }), ttl, NOW)).toBeUndefined()
})

it.each([1, 2, 7, 130])('exit %d is never kept', (exit) => {
  expect(ttlOf(reportOf('=', { exit }), ttl, NOW)).toBeUndefined()
})

it('a report about nothing is never kept', () => {
  expect(ttlOf({ exit: 0, artifacts: [], findings: [] }, ttl, NOW)).toBeUndefined()
})

it('it is kept no longer than the first validity lasts that it rests on', () => {
  const until = (ms: number): string => new Date(NOW + ms).toISOString()
  expect(ttlOf(reportOf('=', { until: until(1500) }), ttl, NOW)).toBe(1500)
  expect(ttlOf(reportOf('=', { until: until(90_000) }), ttl, NOW)).toBe(60_000)
  expect(ttlOf(reportOf('=', { until: until(-1) }), ttl, NOW)).toBe(60_000)
})

it('what is read is what was written', () => {
  const report = { ...reportOf('+'), otherKey: { keyid: 'SHA256:a', given: [] } }
  expect(readBody(bodyOf({ report, at: NOW, until: NOW + 2000 }), ttl, NOW + 500)).toEqual({
    report,
    at: NOW,
    until: NOW + 2000,
  })
})

it.each([
  ['over', { at: NOW - 2000, until: NOW }],
  ['older than the settings of whoever asks allow', { at: NOW - 60_000, until: NOW + 60_000 }],
  ['from the future', { at: NOW + 5001, until: NOW + 60_000 }],
])('what is %s is not read', (_, times) => {
  const report = reportOf('=')
  expect(readBody(bodyOf({ report, at: NOW, until: NOW + 60_000 }), ttl, NOW)).toBeDefined()
  expect(readBody(bodyOf({ report, ...times }), ttl, NOW)).toBeUndefined()
})

it.each(['', 'noise', '[]', 'null', '{"v":2,"exit":0,"at":1000000,"until":9e12,"artifacts":[]}', '{"v":1}'])(
  'what says %j is not read',
  (text) => {
    expect(readBody(Buffer.from(text), ttl, NOW)).toBeUndefined()
  },
)
