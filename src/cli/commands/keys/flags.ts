/** The flags of `prov keys`, as they are parsed. */
import type { CommonOptions } from '../../options.ts'

export interface GenerateOptions extends CommonOptions {
  readonly output: string
  readonly passwordFile?: string
}
