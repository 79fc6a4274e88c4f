/** The flags of `prov list`, as they are parsed. */
import type { CommonOptions } from '../../options.ts'

export interface ListOptions extends CommonOptions {
  readonly storage?: string
  readonly kind?: 'dsse' | 'raw'
  readonly namespace?: string
  readonly subject?: string
  readonly tektonFile?: string
  readonly truth?: string
  readonly kubeconfig?: string
  readonly context?: string
  readonly timeout?: number
}
