/** The flags of `prov doctor`, as they are parsed. */
import type { SignerFlags } from '../../../setup/keys.ts'
import type { CommonOptions } from '../../options.ts'

export interface DoctorOptions extends CommonOptions, SignerFlags {
  readonly storage?: string
  readonly passwordFile?: string
  readonly image: readonly string[]
  readonly readOnly?: boolean
  readonly run?: string
  readonly tektonFile?: string
  readonly truth?: string
  readonly timeout?: number
  readonly namespace?: string
  readonly kubeconfig?: string
  readonly context?: string
}
