/** Where a run's annotations are: in a file, or on the live object in its cluster. */

import type { Changes } from './file/runs-text.ts'
import type { Annotations } from './layout.ts'

/** What a caller made of the annotations, and what shall be different. */
export interface Edit<T> {
  readonly result: T
  readonly changes: Changes
}

/** The annotations of one run. */
export interface Home {
  /** Read afresh; undefined when the run is not there and need not be. */
  read(signal: AbortSignal): Promise<Annotations | undefined>
  /**
   * `decide` sees what is there, and nobody else's change comes in between: a lock, or the store's precondition, sees to that. It may
   * be asked more than once.
   */
  edit<T>(decide: (now: Annotations) => Edit<T>, signal: AbortSignal): Promise<T>
}
