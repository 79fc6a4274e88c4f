/** What narrows a whole backend, as what the library takes. */

import type { ListFilter, Slot } from '../backend/backend.ts'
import { ProvError } from '../errors.ts'
import { isInShard, parseShard } from '../migrate/shard.ts'
import type { Subject } from '../model/artifact.ts'
import type { Entry } from '../model/entry.ts'
import { readStatement } from '../model/statement.ts'
import { parseMoment, timeOf } from '../provenance/build-time.ts'
import { simpleSigningImage } from '../provenance/identity.ts'
import type { World } from './world.ts'

/** Each member may be absent. */
export interface FilterOptions {
  readonly kind?: 'dsse' | 'raw'
  readonly namespace?: string
  /** A digest; of several, the first. */
  readonly subject?: string | readonly string[]
  /** Dates, or ages such as `30d`. */
  readonly since?: string
  readonly before?: string
  /** `I/N` */
  readonly shard?: string
}

type Narrowing = Pick<FilterOptions, 'kind' | 'namespace' | 'subject'>

/** What a listing is asked for. Throws `usage` for a subject that is not a digest. */
export function listFilter({ kind, namespace, subject: given }: Narrowing): ListFilter {
  const subject = typeof given === 'string' ? given : given?.[0]
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(subject === undefined ? {} : { subject: hexOf(subject) }),
  }
}

function hexOf(subject: string): string {
  const [, hex] = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(subject) ?? []
  if (hex !== undefined) return hex.toLowerCase()
  throw new ProvError('usage', `--subject ${JSON.stringify(subject.slice(0, 80))} is not a digest`, {
    hint: 'give the 64 hex digits of its sha256',
  })
}

/** What --subject lets pass, for entries that no listing has narrowed. */
export function subjectFilter(options: Narrowing): (entry: Entry) => boolean {
  const { subject } = listFilter(options)
  if (subject === undefined) return () => true
  return (entry) => subjectsOf(entry).some(({ digest }) => digest['sha256'] === subject)
}

function subjectsOf(entry: Entry): readonly Subject[] {
  if (entry.kind === 'dsse') return readStatement(entry.payload)?.subjects ?? []
  const image = simpleSigningImage(entry.payload)
  return image === undefined
    ? []
    : [{ name: image.repository, digest: { sha256: image.digest.slice('sha256:'.length) } }]
}

/** The places of --shard; throws `usage` for one that is none. */
export function shardFilter({ shard }: FilterOptions, { env }: Pick<World, 'env'>): (slot: Slot) => boolean {
  if (shard === undefined) return () => true
  const part = parseShard(shard, env)
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
