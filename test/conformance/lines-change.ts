/** What changes or ends a copy: replace, remove, list, seal. A backend without the ability says so in its capabilities. */

import type { Found, Listed, Slot } from '../../src/backend/backend.ts'
import { sha256Hex } from '../../src/model/entry.ts'
import { calm, collect, damages, entries, entrySet, expectCode, expectSame, look } from './checks.ts'
import { expect } from './expect.ts'
import { aboutOf, sampleEntry } from './samples.ts'
import { CannotTry, type LineTests, nearby, type Scene } from './scene.ts'

export const changeLines: LineTests = {
  replace: async (scene) => {
    const { kind, rig, backend, slot } = scene
    needs(scene, 'replace')
    const first = sampleEntry(kind, rig.run, rig.image, 'first')
    const second = sampleEntry(kind, rig.run, rig.image, 'second')
    await backend.put(slot, first, calm())
    const rest = await withNeighbours(scene)
    const receipt = await backend.replace?.(slot, await only(scene, first.payload), second, calm())
    expect(receipt).toMatchObject({ outcome: 'replaced', slot: slot.key, backend: backend.name })
    expect((await look(backend, slot)).map((f) => f.location)).toContain(receipt?.location)
    await expectLeft(scene, rest, [second])
  },
  replaceDamage: async (scene) => {
    const { kind, rig, backend, slot } = scene
    needs(scene, 'replace')
    if (rig.corrupt === undefined) throw new CannotTry('the rig has no `corrupt`')
    const entry = sampleEntry(kind, rig.run, rig.image)
    await backend.put(slot, entry, calm())
    await rig.corrupt(slot)
    const [damage] = damages(await look(backend, slot))
    if (damage === undefined) throw new Error('no damage')
    const receipt = await backend.replace?.(slot, damage, entry, calm())
    expect(receipt?.outcome).toBe('replaced')
    expect(damages(await look(backend, slot))).toEqual([])
    expectSame((await entries(backend, slot))[0], entry)
  },
  replaceConflict: async (scene) => {
    const { kind, rig, backend, slot, another } = scene
    needs(scene, 'replace')
    const [first, second, third] = ['first', 'second', 'third'].map((n) => sampleEntry(kind, rig.run, rig.image, n))
    if (first === undefined || second === undefined || third === undefined) throw new Error('three entries')
    await backend.put(slot, first, calm())
    const found = await only(scene, first.payload)
    await (await another()).replace?.(slot, found, second, calm())
    const before = await look(backend, slot)
    const error = await expectCode(backend.replace?.(slot, found, third, calm()) ?? Promise.resolve(), 'conflict')
    expect(error.retryable).toBe(true)
    expect(await look(backend, slot)).toEqual(before)
  },
  remove: async (scene) => {
    const { kind, rig, backend, slot } = scene
    needs(scene, 'remove')
    const entry = sampleEntry(kind, rig.run, rig.image)
    await backend.put(slot, entry, calm())
    const rest = await withNeighbours(scene)
    await backend.remove?.(slot, await only(scene, entry.payload), calm())
    await expectLeft(scene, rest, [])
    await backend.put(slot, entry, calm())
    await expectLeft(scene, rest, [entry])
  },
  removeGone: async (scene) => {
    const { kind, rig, backend, slot } = scene
    needs(scene, 'remove')
    const entry = sampleEntry(kind, rig.run, rig.image)
    await backend.put(slot, entry, calm())
    const found = await only(scene, entry.payload)
    await backend.remove?.(slot, found, calm())
    await backend.remove?.(slot, found, calm())
    if (backend.replace === undefined) return
    await backend.put(slot, entry, calm())
    const again = await only(scene, entry.payload)
    const other = sampleEntry(kind, rig.run, rig.image, 'other')
    await backend.replace(slot, again, other, calm())
    if (slot.holds === 'one') await expectCode(backend.remove?.(slot, again, calm()) ?? Promise.resolve(), 'conflict')
    expectSame((await entries(backend, slot))[0], other)
  },
  list: async (scene) => {
    const { rig, backend } = scene
    needs(scene, 'list')
    const put: Slot[] = []
    for (const kind of backend.capabilities.kinds) {
      for (const image of kind === 'dsse' ? [rig.image] : [rig.image, rig.otherImage]) {
        const slot = backend.slots(aboutOf(kind, rig.run, image))[0]
        if (slot === undefined) throw new Error('no slot')
        await backend.put(slot, sampleEntry(kind, rig.run, image), calm())
        put.push(slot)
      }
    }
    if (rig.shared?.()) throw new CannotTry('the tests share one place, whose list proves nothing')
    const all = await listed(scene, {})
    expect(keys(all)).toEqual(keys(put))
    for (const slot of all) expect(await look(backend, slot)).toHaveLength(1)
    expect(keys(await listed(scene, { kind: scene.kind }))).toEqual(keys(put.filter((s) => s.kind === scene.kind)))
    expect(await listed(scene, { subject: sha256Hex(Buffer.from('no such subject')) })).toEqual([])
  },
  listFound: async (scene) => {
    const { kind, rig, backend, slot } = scene
    needs(scene, 'list')
    await backend.put(slot, sampleEntry(kind, rig.run, rig.image), calm())
    const own = (await listed(scene, { kind })).filter(({ key }) => key === slot.key)
    expect(own).toHaveLength(1)
    const there = await look(backend, slot)
    expect(there).toHaveLength(1)
    for (const { found } of own) expect(found ?? there).toEqual(there)
  },
  seal: async ({ kind, rig, backend, slot, another }) => {
    if (backend.seal === undefined) throw new CannotTry('the backend has no `seal`')
    if (rig.sealed === undefined) throw new CannotTry('the rig has no `sealed`')
    const entry = sampleEntry(kind, rig.run, rig.image)
    await backend.put(slot, entry, calm())
    expect(await rig.sealed()).toBe(false)
    const before = await look(backend, slot)
    await backend.seal(rig.run, calm())
    expect(await rig.sealed()).toBe(true)
    const writes = await rig.writes?.()
    await (await another()).seal?.(rig.run, calm())
    expect(await rig.writes?.()).toBe(writes)
    expect(await look(backend, slot)).toEqual(before)
    expect((await backend.put(slot, entry, calm())).outcome).toBe('unchanged')
    expect(await rig.sealed()).toBe(true)
  },
}

/** The method is the ability; a backend without it has a known gap. */
function needs({ backend }: Scene, ability: 'replace' | 'remove' | 'list'): void {
  if (backend[ability] === undefined) throw new CannotTry(`the backend has no \`${ability}\``)
}

/** The one item of the slot with this payload. */
async function only({ backend, slot }: Scene, payload: Uint8Array): Promise<Found> {
  const found = (await look(backend, slot)).filter(
    (f) => f.entry !== undefined && sha256Hex(f.entry.payload) === sha256Hex(payload),
  )
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} items with this payload`)
  return found[0]
}

interface Rest {
  readonly inSlot: readonly Parameters<typeof entrySet>[0][number][]
  readonly place: Slot
  readonly beside: readonly Found[]
}

/** Puts a neighbour into the same slot where it holds many, and one into a slot nearby. */
async function withNeighbours(scene: Scene): Promise<Rest> {
  const { kind, rig, backend, slot } = scene
  const neighbour = sampleEntry(kind, rig.run, rig.image, 'neighbour')
  if (slot.holds === 'many') await backend.put(slot, neighbour, calm())
  const { place, entry } = nearby(scene)
  await backend.put(place, entry, calm())
  return { inSlot: slot.holds === 'many' ? [neighbour] : [], place, beside: await look(backend, place) }
}

async function expectLeft({ backend, slot, another }: Scene, rest: Rest, own: Rest['inSlot']): Promise<void> {
  expect(entrySet(await entries(await another(), slot))).toEqual(entrySet([...own, ...rest.inSlot]))
  expect(await look(backend, rest.place)).toEqual(rest.beside)
}

async function listed({ backend }: Scene, filter: object): Promise<readonly Listed[]> {
  if (backend.list === undefined) throw new CannotTry('the backend has no `list`')
  return collect(backend.list(filter, calm()))
}

function keys(slots: readonly Slot[]): readonly string[] {
  return slots.map((slot) => slot.key).sort()
}
