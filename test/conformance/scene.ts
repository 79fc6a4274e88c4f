/** What one line of the suite is given, and what it may say. */
import type { About, Backend, Slot } from '../../src/backend/backend.ts'
import type { Entry, Kind } from '../../src/model/entry.ts'
import type { Line } from './lines.ts'
import type { Rig } from './rig.ts'
import { aboutOf, sampleEntry, sampleRun } from './samples.ts'

/** What a line's test works with. */
export interface Scene {
  readonly kind: Kind
  readonly rig: Rig
  /** The first handle. */
  readonly backend: Backend
  /** About the rig's run (`dsse`) or its image (`raw`). */
  readonly about: About
  /** The first slot of `about`. */
  readonly slot: Slot
  /** A second handle on the same place. */
  another(): Promise<Backend>
}

export type LineTests = Readonly<Partial<Record<Line, (scene: Scene) => Promise<void>>>>

/**
 * A slot near the first one, and an entry that belongs there: of another image of the run, or of another run where images are not kept.
 *
 * @example const { place, entry } = nearby(scene); await scene.backend.put(place, entry, calm())
 */
export function nearby({ kind, rig, backend }: Scene): { readonly place: Slot; readonly entry: Entry } {
  const images = backend.capabilities.kinds.includes('raw')
  const run = images ? rig.run : sampleRun(`${rig.run.name}-other`, rig.otherImage)
  const other = images ? 'raw' : kind
  const place = backend.slots(aboutOf(other, run, rig.otherImage))[0]
  if (place === undefined) throw new Error('there is no slot nearby')
  return { place, entry: sampleEntry(other, run, rig.otherImage) }
}

/**
 * A line that cannot be tried, because the rig has no way to bring it about or the backend not the ability. In prov's own tests it
 * must be a known gap; for a backend from outside it is listed as not run.
 */
export class CannotTry extends Error {}
