/** What the backend asks of the runs in a cluster. */
import type { RunKind } from '../../../src/kubernetes/runs.ts'
import type { Live } from '../address.ts'
import type { Home } from '../home.ts'
import type { Annotations } from '../layout.ts'

/** One object of the cluster. */
export interface LiveRun extends Live {
  readonly kind: RunKind
  readonly uid: string
}

export interface LiveHomes {
  at(run: LiveRun): Home
  /**
   * Throws `entry_too_large` when annotations of these names and values, beside all that the object was last seen to have, would be
   * over Kubernetes' limit, or leave no room for the mark that the run is signed.
   */
  checkSize(run: LiveRun, added: Annotations): void
  /** Every run of a namespace, or of all, page by page. */
  all(
    namespace: string | undefined,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly run: LiveRun; readonly annotations: Annotations }>
  close(): void
}
