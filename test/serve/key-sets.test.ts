/** A service that trusts a key set of regions: what it tells of their age. */
import { expect, test } from 'vitest'
import { PUBLIC } from '../../src/keysets/place.ts'
import { keySite } from '../support/key-site.ts'
import { memoryObjects, shared } from '../support/memory-objects.ts'
import { metricIn } from '../support/metrics.ts'
import { active, mergeOnce, ownKey, publishFile, readText, regionNamed, regionsFile } from '../support/regions.ts'
import { scratch } from '../support/scratch.ts'
import { ask, startService } from '../support/service.ts'

const HOUR_MS = 3_600_000

test.each([
  ['its publishers', true],
  ['the word of its server', false],
])('by %s: the metrics say how old each region is, and the youngest active key', async (_, isVouched) => {
  const [site, folder] = [await keySite(), scratch()]
  const place = { root: 'mem:/', objects: memoryObjects(shared()) }
  const [eu, us] = await Promise.all([regionNamed('eu'), regionNamed('us')])
  const [now, key] = [Date.now(), await ownKey()]
  const from = new Date(now - 7 * HOUR_MS).toISOString()
  await publishFile(place, eu, 1, [{ ...active(key), from }], { now: now - 3 * HOUR_MS, lifeMs: 86_400_000 })
  await publishFile(place, us, 1, [active(await ownKey())])
  await mergeOnce(place, [eu, us])
  site.serve({ '/keys.json': (await readText(place, PUBLIC)) ?? '' })
  const publishers = regionsFile(folder, [eu, us])
  const args = ['--storage', 'gcs', '--set', `storage.gcs.directory=${folder}`, '--key', `${site.base}keys.json`]
  const service = await startService([...args, ...(isVouched ? ['--key-publisher', publishers] : [])], site.env)
  const { text } = await ask(service.address, '/metrics')
  const hours = (name: string): number => metricIn(text, name) / 3600
  expect(hours('prov_keys_age_seconds{region="eu"}')).toBeCloseTo(3, 1)
  expect(hours('prov_keys_age_seconds{region="us"}')).toBeCloseTo(0, 1)
  expect(hours('prov_keys_active_seconds')).toBeCloseTo(7, 1)
})
