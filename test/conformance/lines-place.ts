/** Where copies belong. */
import { randomBytes } from 'node:crypto'
import type { Backend, Found } from '../../src/backend/backend.ts'
import { diagnoseBackend } from '../../src/doctor/backend.ts'
import { calm, collect, look } from './checks.ts'
import { expect } from './expect.ts'
import { aboutOf, sampleEntry } from './samples.ts'
import type { LineTests } from './scene.ts'

export const placeLines: LineTests = {
  absent: async ({ kind, rig, backend, about, slot }) => {
    for (const place of backend.slots(about)) expect(await look(backend, place)).toEqual([])
    // also when the neighbour is there
    const neighbour = backend.slots(aboutOf('raw', rig.run, rig.otherImage))[0]
    if (neighbour !== undefined) await backend.put(neighbour, sampleEntry('raw', rig.run, rig.otherImage), calm())
    expect(await look(backend, slot)).toEqual([])
    expect(kind).toBe(slot.kind)
  },
  getMany: async (scene) => {
    const { kind, rig, backend, about, slot } = scene
    await backend.put(slot, sampleEntry(kind, rig.run, rig.image), calm())
    const empty = backend.slots(aboutOf('raw', rig.run, rig.otherImage))
    const places = [...empty, ...backend.slots(about), ...empty]
    const single: (readonly Found[])[] = []
    for (const place of places) single.push(await look(backend, place))
    const many = (await backend.getMany?.(places, calm())) ?? single
    expect(many).toEqual(single)
    expect(many.filter((found) => found.length > 0).length).toBeGreaterThan(0)
    expect((await backend.getMany?.([], calm())) ?? []).toEqual([])
  },
  needsRun: async ({ kind, rig, backend, about }) => {
    const image = { ...aboutOf('raw', rig.run, rig.image), artifact: { type: 'image', image: rig.image } as const }
    const statement = {
      ...aboutOf('dsse', rig.run, rig.image),
      artifact: { type: 'statement', name: 's.json', payload: new Uint8Array(), predicateType: 'p', subjects: [] },
    } as const
    const alone = backend.slots(kind === 'raw' ? image : statement)
    expect(alone.length > 0).toBe(!backend.capabilities.needsRun)
    expect(backend.slots(about).length).toBeGreaterThan(0)
  },
  slotsPure: async ({ rig, kind, backend, about, another }) => {
    const writes = await rig.writes?.()
    const slots = backend.slots(about)
    expect(JSON.parse(JSON.stringify(slots))).toEqual(slots)
    await backend.put(slots[0] ?? fail(), sampleEntry(kind, rig.run, rig.image), calm())
    expect(backend.slots(structuredClone(about))).toEqual(slots)
    expect((await another()).slots(about)).toEqual(slots)
    expect(new Set(slots.map((s) => s.key)).size).toBe(slots.length)
    for (const slot of slots) {
      expect(slot).toMatchObject({ backend: backend.name, kind, holds: backend.capabilities.entriesPerSlot })
    }
    if (writes !== undefined) expect(await rig.writes?.()).toBeGreaterThan(writes)
  },
  diagnose: async ({ kind, rig, backend, slot, another }) => {
    await backend.put(slot, sampleEntry(kind, rig.run, rig.image), calm())
    const before = { found: await look(backend, slot), listed: await listOf(backend) }
    const artifacts = [rig.run, { type: 'image', image: rig.image, run: rig.run } as const]
    const world = { ...calm(), now: Date.now, random: (size: number) => randomBytes(size) }
    const report = await diagnoseBackend(await another(), { ...world, artifacts, readOnly: false })
    expect(report.checks.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    expect(report.outcome !== 'skipped').toBe(true)
    const wrote = report.checks.filter(({ check }) => check === 'write').every(({ outcome }) => outcome === 'ok')
    expect(wrote).toBe(backend.remove !== undefined)
    const after = await another()
    expect({ found: await look(after, slot), listed: await listOf(after) }).toEqual(before)
  },
  close: async ({ backend, slot }) => {
    await look(backend, slot)
    await backend.close()
    await backend.close()
  },
}

async function listOf(backend: Backend): Promise<readonly string[] | undefined> {
  return backend.list === undefined
    ? undefined
    : (await collect(backend.list({}, calm()))).map(({ key }) => key).toSorted()
}

function fail(): never {
  throw new Error('there is no slot')
}
