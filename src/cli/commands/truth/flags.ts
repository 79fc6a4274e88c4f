/** The flags of `prov truth`, as they are parsed. */
import type { CommonOptions } from '../../options.ts'

export interface TruthOptions extends CommonOptions {
  readonly truth?: string
}
