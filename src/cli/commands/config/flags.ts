/** The flags of `prov config`, as they are parsed. */
import type { CommonOptions } from '../../options.ts'

export interface ConfigOptions extends CommonOptions {
  readonly all?: boolean
}
