/** Flags that narrow a whole backend, where none is gone through. */
import { ProvError } from '../errors.ts'
import type { FilterOptions } from '../setup/filters.ts'

/**
 * Without --all there is nothing to narrow. Throws `usage` naming the first flag that was given.
 *
 * @param more flags of the command itself, by name
 */
export function refuseFilters(
  { kind, since, before, shard }: FilterOptions,
  more: Readonly<Record<string, unknown>> = {},
): void {
  const given = Object.entries({ kind, since, before, shard, ...more })
  const odd = given.find(([, value]) => value !== undefined)
  if (odd !== undefined) throw new ProvError('usage', `--${odd[0]} goes with --all`)
}
