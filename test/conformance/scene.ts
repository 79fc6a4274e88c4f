/** What one line of the suite is given, and what it may say. */
import type { About, Backend, Slot } from '../../src/backend.ts'
import type { Kind } from '../../src/entry.ts'
import type { Line } from './lines.ts'
import type { Rig } from './rig.ts'

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

/** A line that cannot be tried, because the backend's test file has no way to bring it about. Must be a known gap. */
export class CannotTry extends Error {}
