/** Trouble, each with a code of its own. */

import { ERRORS, type ErrorCode } from '../../src/errors.ts'
import { calm, damages, entries, expectCode, expectSame, look } from './checks.ts'
import { expect } from './expect.ts'
import type { Fault } from './rig.ts'
import { sampleEntry, signed } from './samples.ts'
import { CannotTry, type LineTests, nearby, type Scene } from './scene.ts'

export const faultLines: LineTests = {
  denied: (scene) => fails(scene, 'denied', 'denied', false),
  throttled: (scene) => fails(scene, 'throttled', 'throttled', true),
  unreachable: (scene) => fails(scene, 'unreachable', 'unreachable', true),
  timedOut: (scene) => fails(scene, 'timedOut', 'timed_out', true),
  tooLarge: async (scene) => {
    const backend = await inTrouble(scene, 'tooLarge')
    await expectCode(backend.get(scene.slot, calm()), 'response_too_large')
  },
  sizeLimit: async ({ kind, rig, backend, slot }) => {
    const limit = backend.capabilities.maxEntryBytes
    if (limit === undefined) throw new CannotTry('the backend names no `maxEntryBytes`')
    const over = rig.oversized?.(kind) ?? signed(kind, new Uint8Array(limit + 1).fill(32))
    const writes = await rig.writes?.()
    await expectCode(() => backend.size(slot, over), 'entry_too_large')
    await expectCode(backend.put(slot, over, calm()), 'entry_too_large')
    expect(await rig.writes?.()).toBe(writes)
    expect(await look(backend, slot)).toEqual([])
  },
  corrupt: async ({ kind, rig, backend, slot, another }) => {
    if (rig.corrupt === undefined) throw new CannotTry('the rig has no `corrupt`')
    await backend.put(slot, sampleEntry(kind, rig.run, rig.image), calm())
    await rig.corrupt(slot)
    const found = await look(await another(), slot)
    expect(found.length).toBeGreaterThan(0)
    const [damage] = damages(found)
    expect(damage).toBeDefined()
    expect(ERRORS[damage?.damage.code ?? 'internal'].exit).toBe(3)
    expect(damage?.damage.message).toBeTruthy()
    expect(damage?.location).toBeTruthy()
  },
  neighbours: async (scene) => {
    const { kind, rig, backend, slot, another } = scene
    if (rig.corrupt === undefined) throw new CannotTry('the rig has no `corrupt`')
    await backend.put(slot, sampleEntry(kind, rig.run, rig.image), calm())
    await rig.corrupt(slot)
    const after = sampleEntry(kind, rig.run, rig.image, 'after')
    if (slot.holds === 'many') {
      expect((await backend.put(slot, after, calm())).outcome).toBe('written')
      const found = await look(await another(), slot)
      expect(damages(found).length).toBeGreaterThan(0)
      expectSame((await entries(backend, slot)).at(-1), after)
      return
    }
    expect((await backend.put(slot, after, calm())).outcome).toBe('occupied')
    const { place, entry: neighbour } = nearby(scene)
    expect((await backend.put(place, neighbour, calm())).outcome).toBe('written')
    expectSame((await entries(await another(), place))[0], neighbour)
    expect(damages(await look(backend, slot))).toHaveLength(1)
  },
}

async function inTrouble(scene: Scene, fault: Fault): ReturnType<Scene['another']> {
  const open = scene.rig.faults?.[fault]
  if (open === undefined) throw new CannotTry(`the rig has no \`faults.${fault}\``)
  return open()
}

async function fails(scene: Scene, fault: Fault, code: ErrorCode, retryable: boolean): Promise<void> {
  const { kind, rig, slot } = scene
  const backend = await inTrouble(scene, fault)
  const read = await expectCode(backend.get(slot, calm()), code)
  const write = await expectCode(backend.put(slot, sampleEntry(kind, rig.run, rig.image), calm()), code)
  for (const error of [read, write]) {
    expect(error.retryable).toBe(retryable)
    expect(error.backend).toBe(backend.name)
    expect(error.operation).toBeTruthy()
  }
  await backend.close()
  expect(await look(await scene.another(), slot), 'nothing was written').toEqual([])
}
