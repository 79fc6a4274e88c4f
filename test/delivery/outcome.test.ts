/** What becomes of a row, a failure a line. */
import { expect, test } from 'vitest'
import type { CopyReceipt } from '../../src/backend/receipt.ts'
import { isLaneFault, outcomeOf } from '../../src/delivery/outcome.ts'
import type { ErrorCode } from '../../src/errors.ts'

const receipt = (more: Partial<CopyReceipt>): CopyReceipt => ({
  backend: 'b',
  slot: 's',
  location: 's',
  outcome: 'failed',
  confirmed: false,
  entry: 'e',
  signatures: [],
  ...more,
})
const failed = (code: ErrorCode, retryAfterMs?: number): CopyReceipt =>
  receipt({ error: { code, message: 'm', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } })

test.each([
  ['read back', receipt({ confirmed: true, outcome: 'written' }), 'done'],
  ['accepted', receipt({ outcome: 'accepted' }), 'done'],
  ['occupied', failed('occupied'), 'held'],
  ['drift', failed('drift'), 'held'],
  ['too large', failed('entry_too_large'), 'held'],
  ['denied heals', failed('denied'), 'pending'],
  ['a full disk heals', failed('storage_io'), 'pending'],
  ['unreachable', failed('unreachable'), 'pending'],
  ['no error said', receipt({}), 'pending'],
])('%s', (_, one, state) => {
  expect(outcomeOf({ attempts: 1, lane: 'gcs' }, one, 0).state).toBe(state)
})

test('a run that does not exist is gone only when the cluster says so again, a minute later', () => {
  const one = failed('run_not_found')
  expect(outcomeOf({ attempts: 1, lane: 'gcs' }, one, 0)).toMatchObject({ state: 'pending', afterMs: 60_000 })
  expect(outcomeOf({ attempts: 2, lane: 'gcs', error: { code: 'run_not_found', message: 'm' } }, one, 0).state).toBe(
    'gone',
  )
})

test('faults of the lane do not count as attempts, and what the other side asks for is honoured', () => {
  expect(outcomeOf({ attempts: 3, lane: 'gcs' }, failed('throttled', 30_000), 0)).toMatchObject({
    untried: true,
    afterMs: 30_000,
  })
  expect(outcomeOf({ attempts: 3, lane: 'gcs' }, failed('conflict'), 0)).toMatchObject({
    untried: false,
    afterMs: 4000,
  })
})

test('refused credentials are the fault of a lane with one place, and of the row where the lane is a host with many repositories', () => {
  expect(outcomeOf({ attempts: 3, lane: 'gcs' }, failed('denied'), 0)).toMatchObject({ untried: true })
  expect(outcomeOf({ attempts: 3, lane: 'oci/ghcr.io' }, failed('denied'), 0)).toMatchObject({ untried: false })
  expect(isLaneFault({ code: 'unreachable', message: 'm' }, 'oci/ghcr.io')).toBe(true)
})
