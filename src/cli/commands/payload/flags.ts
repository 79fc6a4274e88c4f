/** The flags of `prov payload`, as they are parsed. */
import type { ClusterFlags, CommonOptions } from '../../options.ts'

export interface PayloadOptions extends CommonOptions, ClusterFlags {
  readonly format: string
  readonly image: readonly string[]
  readonly run?: string
  readonly statement: readonly string[]
  readonly predicate?: string
  readonly type?: string
  readonly subject?: readonly string[]
}
