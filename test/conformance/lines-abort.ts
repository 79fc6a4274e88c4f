/** Stopping. */

import { calm, collect, expectCode, look } from './checks.ts'
import { expect } from './expect.ts'
import { sampleEntry } from './samples.ts'
import { CannotTry, type LineTests } from './scene.ts'

export const abortLines: LineTests = {
  abortBefore: async ({ kind, rig, backend, slot }) => {
    const writes = await rig.writes?.()
    const signal = AbortSignal.abort()
    await expectCode(backend.put(slot, sampleEntry(kind, rig.run, rig.image), { signal }), 'aborted')
    await expectCode(backend.get(slot, { signal }), 'aborted')
    if (backend.seal !== undefined) await expectCode(backend.seal(rig.run, { signal }), 'aborted')
    if (backend.list !== undefined) {
      await expectCode(collect(backend.list({}, { signal })), 'aborted')
    }
    expect(await rig.writes?.()).toBe(writes)
    expect(await look(backend, slot)).toEqual([])
  },
  abortDuring: async ({ kind, rig, slot }) => {
    const open = rig.faults?.stalled
    if (open === undefined) throw new CannotTry('the rig has no `faults.stalled`')
    const backend = await open()
    const entry = sampleEntry(kind, rig.run, rig.image)
    for (const call of [
      (signal: AbortSignal) => backend.put(slot, entry, { signal }),
      (signal: AbortSignal) => backend.get(slot, { signal }),
    ]) {
      const stop = new AbortController()
      const timer = setTimeout(() => stop.abort(), 50)
      const started = performance.now()
      await expectCode(call(stop.signal), 'aborted')
      clearTimeout(timer)
      expect(performance.now() - started).toBeLessThan(1000)
    }
    await backend.close()
    expect(calm().signal.aborted).toBe(false)
  },
}
