/** What must be there for a verdict to be good, from flags. */
import { parseBackendList } from '../config/lists.ts'
import { ProvError } from '../errors.ts'
import type { Demands } from '../verify/verdict.ts'
import type { Setup } from './backends.ts'

/** The flags that say so, as they are parsed. */
export interface DemandFlags {
  readonly optional?: string
  readonly require?: number
  readonly strict?: boolean
}

/**
 * Throws `usage` for an optional backend that is not among those in use.
 *
 * @example demandsFor({ require: 2 }, setup) // { optional: [], strict: false, require: 2 }
 */
export function demandsFor({ optional: named, require, strict }: DemandFlags, { backends }: Setup): Demands {
  const optional = named === undefined ? [] : parseBackendList(named)
  const odd = optional.find((name) => !backends.some((backend) => backend.name === name))
  if (odd !== undefined) throw new ProvError('usage', `--optional names ${odd}, which --storage does not`)
  const records = backends.flatMap(({ name, capabilities }) => (capabilities.record === true ? [name] : []))
  return {
    optional,
    strict: strict === true,
    ...(records.length === 0 ? {} : { records }),
    ...(require === undefined ? {} : { require }),
  }
}
