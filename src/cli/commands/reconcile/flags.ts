/** The flags of `prov reconcile`, as they are parsed. */
import type { SignerFlags } from '../../../setup/keys.ts'
import type { CommonOptions } from '../../options.ts'

export interface ReconcileOptions extends CommonOptions, SignerFlags {
  readonly truth?: string
  /** The search index to compare with the truth. */
  readonly index?: string
  readonly repair?: boolean
  readonly prune?: boolean
  readonly rebuild?: boolean
  readonly resume?: boolean
  readonly since?: string
  /** A backend whose entries the truth shall hold as well. */
  readonly from?: string
  /** Only what belongs to these images. */
  readonly image: readonly string[]
  readonly tektonFile?: string
  readonly kubeconfig?: string
  readonly context?: string
  readonly timeout?: number
}
