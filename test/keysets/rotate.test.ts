/** The plan of a rotation: from rows and files to the next step. */
import { describe, expect, it } from 'vitest'
import type { KeyStatus } from '../../src/keys/status.ts'
import type { JournalKey, JournalState } from '../../src/keysets/journal.ts'
import { nextStep, numberAfter, type RotateRules, type Step } from '../../src/keysets/rotate.ts'

const HOUR = 3_600_000
const NOW = 100 * HOUR

function key(n: number, status: KeyStatus, more: Partial<JournalKey> = {}): JournalKey {
  const half = status === 'intended' ? {} : { key: { kid: `kid-${n}`, spki: new Uint8Array(), alg: 'ES256' } }
  return { n, status, created: NOW - 50 * HOUR, ...half, ...more }
}

function state(keys: readonly JournalKey[], damaged: JournalState['damaged'] = []): JournalState {
  return { id: 'id', name: 'test', version: 1, changed: NOW, now: NOW, keys, damaged }
}

const RULES: RotateRules = {
  wanted: 'auto',
  unsafe: false,
  publishes: true,
  proves: true,
  validityMs: 24 * HOUR,
  skewMs: HOUR,
}

const step = (keys: readonly JournalKey[], files: readonly number[], rules: Partial<RotateRules> = {}): Step =>
  nextStep(state(keys), new Set(files), { ...RULES, ...rules })

const active = (hoursAgo: number): JournalKey => key(1, 'active', { activates: NOW - hoursAgo * HOUR })

describe('the next step', () => {
  it.each<readonly [string, readonly JournalKey[], readonly number[], Partial<RotateRules>, object]>([
    ['an empty journal: a number first', [], [], {}, { do: 'intend', n: 1 }],
    ['a number without a file: the file', [key(1, 'intended')], [], {}, { do: 'make', n: 1 }],
    ['a number with a file: that file', [key(1, 'intended')], [1], {}, { do: 'record', n: 1 }],
    ['a prepared key: the region', [key(1, 'prepared')], [1], {}, { do: 'publish' }],
    ['a published key: every URL', [key(1, 'published')], [1], {}, { do: 'prove' }],
    [
      'a key that caches may hide: wait',
      [key(1, 'published', { activates: NOW + 1 })],
      [1],
      {},
      { do: 'wait', until: NOW + 1 },
    ],
    ['a key whose time has come', [key(1, 'published', { activates: NOW })], [1], {}, { do: 'activate' }],
    [
      'the same, only prepared',
      [key(1, 'published', { activates: NOW })],
      [1],
      { wanted: 'prepare' },
      { do: 'nothing' },
    ],
    [
      'no URL to be seen at',
      [key(1, 'prepared')],
      [1],
      { publishes: false, proves: false },
      { do: 'refuse', why: 'unpublished' },
    ],
    [
      'the same, unsafe',
      [key(1, 'prepared')],
      [1],
      { publishes: false, proves: false, unsafe: true },
      { do: 'activate' },
    ],
    ['unsafe is published first', [key(1, 'prepared')], [1], { unsafe: true }, { do: 'publish' }],
    [
      'unsafe waits for nothing',
      [key(1, 'published', { activates: NOW + 1 })],
      [1],
      { unsafe: true },
      { do: 'activate' },
    ],
    ['a young active key', [active(11)], [1], {}, { do: 'nothing' }],
    ['half its validity', [active(12)], [1], {}, { do: 'intend', n: 2 }],
    ['prepare asks for no reason', [active(1)], [1], { wanted: 'prepare' }, { do: 'intend', n: 2 }],
    ['activate makes nothing', [active(20)], [1], { wanted: 'activate' }, { do: 'refuse', why: 'unprepared' }],
    [
      'an old key until its end and the skew',
      [key(1, 'old', { retires: NOW - HOUR + 1 }), key(2, 'active', { activates: NOW })],
      [1, 2],
      {},
      { do: 'nothing' },
    ],
    [
      'an old key after that',
      [key(1, 'old', { retires: NOW - HOUR }), key(2, 'active', { activates: NOW })],
      [1, 2],
      {},
      { do: 'retire' },
    ],
    [
      'a retired key with its file',
      [key(1, 'retired'), key(2, 'active', { activates: NOW })],
      [1, 2],
      {},
      { do: 'destroy' },
    ],
    [
      'a revoked one with its file',
      [key(1, 'revoked'), key(2, 'active', { activates: NOW })],
      [1, 2],
      {},
      { do: 'destroy' },
    ],
    ['nothing but a revoked key', [key(1, 'revoked')], [], {}, { do: 'intend', n: 2 }],
  ])('%s', (_, keys, files, rules, expected) => {
    expect(step(keys, files, rules)).toMatchObject(expected)
  })

  it.each(['active', 'intended', 'prepared', 'published'])(
    'goes no further with a damaged row that is %s',
    (status) => {
      const bad = [{ n: 3, status, why: 'odd' }]
      expect(nextStep(state([], bad), new Set(), { ...RULES, publishes: false })).toEqual({
        do: 'refuse',
        why: 'damaged',
        n: 3,
      })
    },
  )

  it('publishes nothing that would leave a damaged row out, and goes on where nothing is published', () => {
    const bad = [{ n: 1, status: 'old', why: 'odd' }]
    expect(nextStep(state([], bad), new Set(), RULES)).toEqual({ do: 'refuse', why: 'damaged', n: 1 })
    expect(nextStep(state([], bad), new Set(), { ...RULES, publishes: false })).toEqual({ do: 'intend', n: 2 })
  })
})

it('a number is given once: no row and no file has had it', () => {
  expect(numberAfter({ keys: [key(2, 'old')], damaged: [{ n: 4, status: 'x', why: 'odd' }] }, new Set([3]))).toBe(5)
  expect(numberAfter({ keys: [], damaged: [] }, new Set([7]))).toBe(8)
})
