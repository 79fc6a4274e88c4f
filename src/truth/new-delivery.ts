/** What is written for each copy of an entry when it is committed. */
import type { Slot } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import type { ErrorJson } from '../errors.ts'
import type { Action } from '../store/plan.ts'

/** One copy that is owed, is there already, or is kept from being written. */
export interface NewDelivery {
  /** Name of the backend. */
  readonly target: string
  /** Deliveries that fail together: the backend, and where it has several hosts, the host (`oci/ghcr.io`). */
  readonly lane: string
  readonly slot: Slot
  readonly action: Action
  /** Without it the run is not marked as signed. */
  readonly required: boolean
  /** See PlanRow: the run's neighbouring location is signed by a key that was not given. */
  readonly foreign: boolean
  /** The entry takes the place of every older copy of ours. */
  readonly resign: boolean
  /** Only this machine can deliver it: the copy belongs into a file there. */
  readonly host?: string
  readonly state: 'pending' | 'done' | 'held'
  readonly error?: ErrorJson
  readonly receipt?: CopyReceipt
}
