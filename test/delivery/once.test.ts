/** `prov worker --once` beside another worker. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runWorker } from '../../src/delivery/worker.ts'
import { pause } from '../../src/platform/io.ts'
import { openTruth } from '../../src/truth/open.ts'
import { trustOf } from '../support/makers.ts'
import { scratch } from '../support/scratch.ts'
import { claimOne, committed, HOST, makeRun, owed, runItem, settleDone, testKey } from '../truth/made.ts'

it('ends soon after the other has done what it holds, not only with its lease', { timeout: 30_000 }, async () => {
  const truth = await openTruth({ url: `sqlite:${join(scratch(), 'truth.db')}`, newId: randomUUID() }, { make: true })
  await committed(truth, await runItem(makeRun('a'), [owed('memory')]))
  const claim = await claimOne(truth, 'memory', { holder: 'other', leaseMs: 60_000 })
  const began = performance.now()
  const trust = trustOf(await testKey())
  const ended = runWorker({
    truth,
    backend: () => undefined,
    trust: () => trust,
    retry: { now: Date.now, sleep: async () => undefined, random: () => 0 },
    drain: new AbortController().signal,
    holder: 'holder-1',
    host: HOST,
    leaseMs: 60_000,
    concurrency: 4,
    targets: ['memory'],
    once: true,
    drainMs: 1000,
    sleep: pause,
    failed: () => undefined,
    told: () => undefined,
  })
  await pause(500, new AbortController().signal)
  expect(await settleDone(truth, claim)).toBe(true)
  expect(await ended).toMatchObject({ delivered: 0 })
  expect(performance.now() - began).toBeLessThan(10_000)
  await truth.close()
})
