/** A stream of items in windows, on backends in memory. */
import { expect, test } from 'vitest'
import { openMemory } from '../../backends/memory/backend.ts'
import type { Backend, Context } from '../../src/backend/backend.ts'
import { formatNamed } from '../../src/formats/index.ts'
import type { RunArtifact } from '../../src/model/artifact.ts'
import type { StoreItem } from '../../src/store/prepare.ts'
import type { StoreJob } from '../../src/store/store.ts'
import { storeInWindows } from '../../src/store/windows.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'
import { FORMAT_OPTIONS, imageOf, retrying, signer, taskRun } from '../support/makers.ts'

const context: Context = {
  setting: () => undefined,
  env: {},
  now: () => 0,
  random: (size) => new Uint8Array(size).fill(7),
  debug: () => undefined,
}

async function jobWith(): Promise<Omit<StoreJob, 'items'>> {
  const ours = await signer()
  const { signal } = new AbortController()
  return {
    signer: async () => ours,
    trust: async () => trustOf(ours),
    formatOptions: FORMAT_OPTIONS,
    optional: [],
    resign: false,
    dryRun: false,
    signal,
    retry: retrying(1, signal),
  }
}

function itemsOf(run: RunArtifact, backend: Backend): readonly StoreItem[] {
  return [
    { artifact: run, format: formatNamed('slsa/v1'), backends: [backend] },
    { artifact: imageOf(run), format: formatNamed('simplesigning'), backends: [backend] },
  ]
}

test('a window is closed when it is full, but never between two items of one run', async () => {
  const backend = openMemory(context)
  const runs = ['one', 'two', 'three'].map((name) => taskRun(name))
  const sizes: number[] = []
  const stream = runs.flatMap((run) => itemsOf(run, backend))
  for await (const { exit, items } of storeInWindows(stream, await jobWith(), 3)) {
    expect(exit).toBe(0)
    sizes.push(items.length)
  }
  expect(sizes).toEqual([4, 2])
})

test('items are asked for as windows are done, not all at once', async () => {
  const backend = openMemory(context)
  let asked = 0
  async function* endless(): AsyncGenerator<StoreItem> {
    for (;;) {
      asked++
      yield { artifact: taskRun(`run-${asked}`), format: formatNamed('slsa/v1'), backends: [backend] }
    }
  }
  for await (const { items } of storeInWindows(endless(), await jobWith(), 5)) {
    expect(items).toHaveLength(5)
    if (asked > 20) break
  }
  expect(asked).toBeLessThan(30)
})

test('nothing to store gives no window', async () => {
  const reports = []
  for await (const report of storeInWindows([], await jobWith(), 5)) reports.push(report)
  expect(reports).toEqual([])
})
