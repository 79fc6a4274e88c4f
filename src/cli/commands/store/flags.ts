/** The flags of `prov store`, as they are parsed. */
import type { SignerFlags } from '../../../setup/keys.ts'
import type { CommonOptions, InputOptions } from '../../options.ts'

export interface StoreOptions extends CommonOptions, InputOptions, Omit<SignerFlags, 'key'> {
  readonly key?: string
  readonly verifyKey: readonly string[]
  readonly passwordFile?: string
  readonly optional?: string
  readonly require?: number
  readonly resign?: boolean
  readonly dryRun?: boolean
  /** Milliseconds. */
  readonly wait?: number
  readonly requireWorker?: boolean
}
