/** The flags of `prov repair`, as they are parsed. */
import type { SignerFlags } from '../../../setup/keys.ts'
import type { CommonOptions, FilterOptions, InputOptions } from '../../options.ts'

export interface RepairOptions extends CommonOptions, InputOptions, FilterOptions, SignerFlags {
  readonly all?: boolean
  readonly apply?: boolean
  readonly prefer?: string
}
