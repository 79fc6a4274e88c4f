/** Handles that live long: a worker and a service keep one for as long as they run. */

import { createHash } from 'node:crypto'
import type { About, Backend, Slot } from '../../src/backend/backend.ts'
import type { Entry, Kind } from '../../src/model/entry.ts'
import { expect } from './expect.ts'
import { growth } from './heap.ts'
import type { Rig } from './rig.ts'
import { aboutOf, sampleEntry, sampleRun } from './samples.ts'
import { CannotTry, type LineTests } from './scene.ts'

const SLOTS = 2000
const AT_ONCE = 16
/** Of the first, which do not count: more than any handle remembers. */
const WARM_UP = 600
/** Writes and a listing for as many slots. */
const CHANGE_EVERY = 4
/** 100 bytes a slot: one listener on a signal that lives is 1,200, and comes with a quarter of them. */
const LIMIT = 100 * SLOTS

export const memoryLines: LineTests = {
  flat: async (scene) => {
    if (scene.rig.inProcess === undefined) throw new CannotTry('the rig is not `inProcess`')
    expect(faultOf(await measureFlat(scene))).toBeUndefined()
  },
}

/** What the line needs of a scene. */
interface Handle {
  readonly kind: Kind
  readonly rig: Pick<Rig, 'run' | 'image' | 'inProcess' | 'forget'>
  readonly backend: Backend
}

/** What is wrong with so much growth; undefined: nothing. */
export function faultOf(grown: number): string | undefined {
  return grown < LIMIT ? undefined : `${grown} bytes are kept of ${SLOTS} slots, and ${LIMIT} would be flat`
}

/** Bytes by which the heap grows with 2,000 slots that the handle has not seen before. */
export function measureFlat(handle: Handle): Promise<number> {
  const { kind, rig } = handle
  // Backends judge no entry: one will do, which spares signing thousands.
  const entry = sampleEntry(kind, rig.run, rig.image)
  // One signal over all calls, as a process has one for its end.
  const { signal } = new AbortController()
  return growth(async (round) => {
    const numbers = Array.from({ length: round === 0 ? WARM_UP : SLOTS }, (_, i) => round * SLOTS + i).values()
    const work = async (): Promise<void> => {
      for (const number of numbers) await visit(handle, entry, number, signal)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    rig.forget?.()
  }, LIMIT)
}

/** Everything that may be done with one slot, after which the store is as it was. */
async function visit({ kind, rig, backend }: Handle, entry: Entry, number: number, signal: AbortSignal): Promise<void> {
  const [slot] = backend.slots(aboutNumber(kind, rig, number))
  if (slot === undefined) throw new Error(`there is no slot ${number}`)
  const options = { signal }
  expect(await backend.get(slot, options)).toEqual([])
  if (number % CHANGE_EVERY > 0) return
  if (rig.inProcess !== 'reads' && backend.remove !== undefined) {
    await backend.put(slot, entry, options)
    for (const found of await backend.get(slot, options)) await backend.remove(slot, found, options)
  }
  await firstListed(backend, slot, signal)
}

function aboutNumber(kind: Kind, rig: Handle['rig'], number: number): About {
  const digest = `sha256:${createHash('sha256').update(`slot ${number}`).digest('hex')}`
  const image = { ...rig.image, digest }
  const run = sampleRun(`${rig.run.name}-${number}`, image)
  return aboutOf(kind, run, image)
}

async function firstListed(backend: Backend, { kind }: Slot, signal: AbortSignal): Promise<void> {
  if (backend.list === undefined) return
  for await (const _first of backend.list({ kind }, { signal })) break
}
