/** The flags that narrow a whole backend, as what the library takes. */
import type { ListFilter, Slot } from '../backend.ts'
import type { Entry } from '../entry.ts'
import { parseMoment, timeOf } from '../entry-time.ts'
import { ProvError } from '../errors.ts'
import type { Io } from '../io.ts'
import { isInShard, parseShard } from '../shard.ts'
import type { FilterOptions } from './options.ts'

/** A digest; of commands that take several, the first. */
interface Subjects {
  readonly subject?: string | readonly string[]
}

/** What a listing is asked for. */
export function listFilter({ kind, namespace, subject: given }: FilterOptions & Subjects): ListFilter {
  const subject = typeof given === 'string' ? given : given?.[0]
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(subject === undefined ? {} : { subject: subject.replace(/^sha256:/, '') }),
  }
}

/** The places of --shard; throws `usage` for one that is none. */
export function shardFilter({ shard }: FilterOptions, io: Io): (slot: Slot) => boolean {
  if (shard === undefined) return () => true
  const part = parseShard(shard, io.env)
  return ({ key }) => isInShard(key, part)
}

/** What --since and --before let pass; an entry that says no time passes neither. Throws `usage`. */
export function timeFilter({ since, before }: FilterOptions, now: number): (entry: Entry) => boolean {
  const from = since === undefined ? undefined : parseMoment(since, now)
  const until = before === undefined ? undefined : parseMoment(before, now)
  if (from === undefined && until === undefined) return () => true
  return (entry) => {
    const time = timeOf(entry)
    return time !== undefined && time >= (from ?? time) && (until === undefined || time < until)
  }
}

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
