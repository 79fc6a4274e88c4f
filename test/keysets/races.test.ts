/** Several mergers at once on real stores: nothing is lost, nothing falls back, and few writes are for nothing. The long run: trials.ts. */
import { expect, test } from 'vitest'
import { describeWith } from '../servers/endpoints.ts'
import { KEY_PLACES, type KeyPlaces } from '../support/key-places.ts'
import { trial } from './trial.ts'

async function short(places: KeyPlaces): Promise<void> {
  const { faults, end, oracle, reads, writes, won } = await trial({
    mergers: 4,
    rotations: 40,
    everyMs: 40,
    open: places.open,
  })
  expect(faults).toEqual([])
  expect(end).toBe(oracle)
  expect(reads).toBeGreaterThan(5)
  expect(writes, `${writes} writes, of which ${won} won`).toBeLessThanOrEqual(3 * won)
}

test('in a folder', async () => short(await KEY_PLACES.folder()))

describeWith(['fake-gcs'], 'at fake-gcs-server', () => {
  test('generations keep writers apart', async () => short(await KEY_PLACES['fake-gcs']()))
})

describeWith(['versitygw'], 'in versitygw', () => {
  test('If-Match keeps writers apart', async () => short(await KEY_PLACES.versitygw()))
})
