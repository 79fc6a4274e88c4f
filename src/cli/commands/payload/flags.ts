/** The flags of `prov payload`, as they are parsed. */
import type { CommonOptions, InputOptions } from '../../options.ts'

export interface PayloadOptions
  extends CommonOptions,
    Omit<InputOptions, 'storage' | 'format' | 'tektonFile' | 'timeout'> {
  readonly format: string
}
