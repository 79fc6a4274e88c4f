/** The flags of `prov get`, as they are parsed. */
import type { SignerFlags } from '../../../setup/keys.ts'
import type { CommonOptions, InputOptions } from '../../options.ts'

export const PARTS = ['payload', 'signature', 'envelope', 'certificate', 'chain', 'entry'] as const
export type Part = (typeof PARTS)[number]

export interface GetOptions extends CommonOptions, InputOptions, SignerFlags {
  readonly copy?: number
}
