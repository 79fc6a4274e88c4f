/** The flags of `prov repair`, as they are parsed. */
import type { CommonOptions, FilterOptions, InputOptions } from '../../options.ts'

export interface RepairOptions extends CommonOptions, InputOptions, FilterOptions {
  readonly key: readonly string[]
  readonly all?: boolean
  readonly apply?: boolean
  readonly prefer?: string
}
