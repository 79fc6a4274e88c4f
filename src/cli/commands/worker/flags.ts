/** The flags of `prov worker`, as they are parsed. */
import type { SignerFlags } from '../../../setup/keys.ts'
import type { CommonOptions } from '../../options.ts'

export interface WorkerOptions extends CommonOptions, SignerFlags {
  readonly truth?: string
  readonly storage?: string
  readonly index?: string
  readonly concurrency?: number
  /** Milliseconds. */
  readonly lease?: number
  readonly once?: boolean
  readonly listen?: string
  readonly wake: readonly string[]
  readonly tektonFile?: string
  readonly kubeconfig?: string
  readonly context?: string
  readonly timeout?: number
}
