/** What put does to what is there. */

import { entryId, signatureId } from '../../src/model/entry.ts'
import { calm, entries, entrySet, expectCode, expectSame, look, merged } from './checks.ts'
import { expect } from './expect.ts'
import { oddlySpelled, sampleEntry, signed } from './samples.ts'
import type { LineTests } from './scene.ts'

export const writeLines: LineTests = {
  putTwice: async ({ kind, rig, backend, slot, another }) => {
    const entry = sampleEntry(kind, rig.run, rig.image)
    expect((await backend.put(slot, entry, calm())).outcome).toBe('written')
    const before = await look(backend, slot)
    expect((await backend.put(slot, entry, calm())).outcome).toBe('unchanged')
    expect((await (await another()).put(slot, entry, calm())).outcome).toBe('unchanged')
    if (kind === 'dsse') expect((await backend.put(slot, oddlySpelled(entry), calm())).outcome).toBe('unchanged')
    expect(await look(backend, slot)).toEqual(before)
    expectSame((await entries(backend, slot))[0], entry)
  },
  resign: async ({ kind, rig, backend, slot }) => {
    const first = sampleEntry(kind, rig.run, rig.image)
    const second = signed(kind, first.payload)
    await backend.put(slot, first, calm())
    const receipt = await backend.put(slot, second, calm())
    const all = await entries(backend, slot)
    expect(all).toHaveLength(1)
    if (slot.holds === 'many') {
      expect(receipt.outcome).toBe('written')
      expectSame(all[0], { ...first, signatures: [...first.signatures, ...second.signatures] })
    } else {
      expect(receipt.outcome).toBe('occupied')
      expectSame(all[0], first)
    }
  },
  another: async ({ kind, rig, backend, slot }) => {
    const first = sampleEntry(kind, rig.run, rig.image, 'first')
    const second = sampleEntry(kind, rig.run, rig.image, 'second')
    await backend.put(slot, first, calm())
    const before = await look(backend, slot)
    const receipt = await backend.put(slot, second, calm())
    if (slot.holds === 'many') {
      expect(receipt.outcome).toBe('written')
      expect(entrySet(await entries(backend, slot))).toEqual(entrySet([first, second]))
    } else {
      expect(receipt.outcome).toBe('occupied')
      expect(receipt.found?.map((f) => f.entry && entryId(f.entry))).toEqual([entryId(first)])
      expect(receipt.location).toBe(before[0]?.location)
      expect(await look(backend, slot)).toEqual(before)
    }
  },
  race: async ({ kind, rig, slot, another }) => {
    const one = await another()
    const two = await another()
    const first = sampleEntry(kind, rig.run, rig.image, 'first')
    const second = sampleEntry(kind, rig.run, rig.image, 'second')
    const [a, b] = await Promise.allSettled([one.put(slot, first, calm()), two.put(slot, second, calm())])
    for (const end of [a, b]) {
      if (end.status === 'rejected') {
        const error = await expectCode(Promise.reject(end.reason), 'conflict')
        expect(error.retryable).toBe(true)
      }
    }
    const written = [
      ...(a.status === 'fulfilled' && a.value.outcome === 'written' ? [first] : []),
      ...(b.status === 'fulfilled' && b.value.outcome === 'written' ? [second] : []),
    ]
    expect(written.length).toBeGreaterThan(0)
    if (slot.holds === 'one') expect(written).toHaveLength(1)
    else if (a.status === 'fulfilled' && b.status === 'fulfilled') expect(written).toHaveLength(2)
    expect(entrySet(await entries(await another(), slot))).toEqual(entrySet(written))
  },
  raceMany: async ({ kind, rig, slot, another }) => {
    const entry = sampleEntry(kind, rig.run, rig.image)
    const handles = await Promise.all(Array.from({ length: 8 }, () => another()))
    const ends = await Promise.allSettled(handles.map((handle) => handle.put(slot, entry, calm())))
    for (const end of ends) {
      if (end.status === 'rejected') await expectCode(Promise.reject(end.reason), 'conflict')
      else expect(['written', 'unchanged']).toContain(end.value.outcome)
    }
    expect(ends.some((end) => end.status === 'fulfilled')).toBe(true)
    const found = await look(await another(), slot)
    expect(found).toHaveLength(1)
    expectSame(merged(found)[0], entry)
  },
  size: async ({ kind, rig, backend, slot }) => {
    const entry = sampleEntry(kind, rig.run, rig.image)
    const writes = await rig.writes?.()
    const size = backend.size(slot, entry)
    expect(size).toBeGreaterThan(entry.payload.length)
    expect(backend.size(slot, sampleEntry(kind, rig.run, rig.image, 'x'.repeat(1000)))).toBeGreaterThan(size + 990)
    expect(await rig.writes?.()).toBe(writes)
    expect(await look(backend, slot)).toEqual([])
  },
  slotsMatch: async ({ kind, rig, backend, about, another }) => {
    const entry = sampleEntry(kind, rig.run, rig.image)
    for (const slot of backend.slots(about)) {
      for (const outcome of ['written', 'unchanged']) {
        const receipt = await backend.put(slot, entry, calm())
        expect(receipt).toMatchObject({ backend: backend.name, slot: slot.key, entry: entryId(entry), outcome })
        expect(receipt.signatures).toEqual(entry.signatures.map(signatureId))
        expect(receipt.found).toBeUndefined()
        const found = await look(await another(), slot)
        expect(found.map((f) => f.location)).toEqual([receipt.location])
        expect(JSON.parse(JSON.stringify(receipt))).toEqual(receipt)
      }
    }
  },
}
