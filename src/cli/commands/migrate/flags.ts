/** The flags of `prov migrate`, as they are parsed. */
import type { SignerFlags } from '../../../setup/keys.ts'
import type { CommonOptions, FilterOptions } from '../../options.ts'

export interface MigrateOptions extends CommonOptions, FilterOptions, SignerFlags {
  readonly from: string
  readonly to: string
  readonly fromSet: readonly string[]
  readonly toSet: readonly string[]
  readonly image: readonly string[]
  readonly run?: string
  readonly tektonFile?: string
  readonly truth?: string
  readonly timeout?: number
  readonly kubeconfig?: string
  readonly context?: string
  readonly subject?: string
  readonly format?: string
  readonly dryRun?: boolean
  readonly rate?: number
  readonly includeUnverified?: boolean
  readonly deleteSource?: boolean
  readonly record?: string
  readonly recordKey?: string
  readonly passwordFile?: string
  readonly emitJob?: boolean
  readonly jobImage?: string
}
