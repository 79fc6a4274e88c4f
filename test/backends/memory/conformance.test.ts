import { randomBytes } from 'node:crypto'
import { memoryStore, openMemory } from '../../../backends/memory/backend.ts'
import type { Context } from '../../../src/backend/backend.ts'
import { GAPS } from '../../conformance/gaps.ts'
import type { Rig } from '../../conformance/rig.ts'
import { sampleImage, sampleRun } from '../../conformance/samples.ts'
import { backendConformance } from '../../conformance/suite.ts'

const context: Context = {
  setting: () => undefined,
  env: {},
  now: Date.now,
  random: (size) => randomBytes(size),
  debug: () => {},
}

function rig(): Rig {
  const store = memoryStore()
  let writes = 0
  const { set } = store.places
  store.places.set = (key, value) => {
    writes++
    return set.call(store.places, key, value)
  }
  const image = sampleImage('registry.example/acme/app', 'app')
  return {
    run: sampleRun('build-1', image),
    image,
    otherImage: sampleImage('registry.example/acme/other', 'other'),
    open: () => openMemory(context, { store, maxEntryBytes: 100_000 }),
    corrupt: async (slot) => {
      const place = store.places.get(slot.key)
      if (place === undefined) throw new Error('nothing to corrupt')
      const [{ id, raw } = { id: '', raw: new Uint8Array() }, ...rest] = place.items
      store.places.set(slot.key, { ...place, items: [{ id, raw: raw.slice(0, 20) }, ...rest] })
    },
    writes: () => writes,
    inProcess: 'writes',
  }
}

backendConformance('memory', { rig, gaps: GAPS.memory })
