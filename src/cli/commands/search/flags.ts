/** The flags of `prov search`, as they are parsed. */
import type { Asked } from '../../../provenance/terms.ts'
import type { CommonOptions } from '../../options.ts'

/** Each may be given more than once: an entry has to have them all. */
export interface SearchOptions extends CommonOptions, Readonly<Record<Asked, readonly string[]>> {
  readonly truth?: string
  readonly index?: string
  readonly source?: 'truth' | 'index'
  readonly limit: number
  readonly after?: number
  readonly impact?: boolean
}
