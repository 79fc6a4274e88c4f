/** The flags of `prov verify`, as they are parsed. */
import type { CommonOptions, FilterOptions, InputOptions } from '../../options.ts'

export interface VerifyOptions extends CommonOptions, InputOptions, FilterOptions {
  readonly key: readonly string[]
  readonly optional?: string
  readonly require?: number
  readonly strict?: boolean
  readonly all?: boolean
  readonly sample?: string
  readonly failFast?: boolean
  /** Each `FORM` or `FORM=FILE`. */
  readonly output: readonly string[]
  readonly report?: string
  readonly vsaKey?: string
  readonly passwordFile?: string
}
