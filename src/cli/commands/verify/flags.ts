/** The flags of `prov verify`, as they are parsed. */
import type { SignerFlags } from '../../../setup/keys.ts'
import type { CommonOptions, FilterOptions, InputOptions } from '../../options.ts'

export interface VerifyOptions extends CommonOptions, InputOptions, FilterOptions, SignerFlags {
  readonly optional?: string
  readonly require?: number
  readonly strict?: boolean
  readonly all?: boolean
  readonly sample?: string
  readonly failFast?: boolean
  /** Each `FORM` or `FORM=FILE`. */
  readonly output: readonly string[]
  /** Which artifacts are printed: those that need attention, or all. */
  readonly show: 'attention' | 'all'
  readonly wide?: boolean
  readonly report?: string
  readonly vsaKey?: string
  readonly passwordFile?: string
  /** URL of the cache. */
  readonly cache?: string
}
