/**
 * What a backend's test file gives to the suite: a fresh place, handles on it, and ways to break it. The least is a run, two images
 * and `open`; every other member lets more lines be tried.
 */

import type { Backend, Slot } from '../../src/backend/backend.ts'
import type { ImageRef, RunArtifact } from '../../src/model/artifact.ts'
import type { Entry, Kind } from '../../src/model/entry.ts'
import type { Gaps } from './lines.ts'

/** Each gives a handle on a place that fails in this way from the first call on. `stalled` never answers. */
export type Fault = 'denied' | 'throttled' | 'unreachable' | 'timedOut' | 'tooLarge' | 'stalled'

/** One fresh and empty place in the store, for one test. */
export interface Rig {
  /** A run that the place knows, with `image` among its results. For a registry the image's host is the registry. */
  readonly run: RunArtifact
  readonly image: ImageRef
  /** Another image of the same run, with a slot of its own. */
  readonly otherImage: ImageRef
  /** A handle on the place, as another process would open one; the suite closes it. */
  open(): Backend | Promise<Backend>
  /** Handles on the same place in the named trouble. What is absent must be a known gap. */
  readonly faults?: Readonly<Partial<Record<Fault, () => Backend | Promise<Backend>>>>
  /** True when the place may hold what other tests left there, so that a listing proves nothing. Absent: it was empty. */
  shared?(): boolean
  /** Damages one stored copy in the slot, in whatever way this store can be damaged. */
  corrupt?(slot: Slot): Promise<void>
  /** Bytes or requests that have changed the store so far. */
  writes?(): number | Promise<number>
  /** True when the run is marked as signed. */
  sealed?(): Promise<boolean>
  /**
   * Set where thousands of calls cost little, since all answers come from this process: `reads` when only looks do, `writes` when puts and
   * removals do too. Absent: what a handle keeps in memory is not measured here.
   */
  readonly inProcess?: 'reads' | 'writes'
  /** Drops what the rig itself remembers of the calls so far, before memory is measured. */
  forget?(): void
  /** An entry that is over the backend's limit; default: one whose payload alone is. */
  oversized?(kind: Entry['kind']): Entry
  dispose?(): Promise<void>
}

export interface Conformance {
  /** Called once a test. */
  readonly rig: () => Rig | Promise<Rig>
  /** prov's own are in test/conformance/gaps.ts. A gap that can be tried is tried, and must still fail. */
  readonly gaps: Gaps
  /** Default: both. For a kind that is left out, `slots` must be [] and the capabilities must say so. */
  readonly kinds?: readonly Kind[]
}
