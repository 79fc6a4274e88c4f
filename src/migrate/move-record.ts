/** The signed record of a move: in-toto Statements that say what went where. Pure. */
import type { Moved } from './migrate.ts'

/** Predicate type of a move record. */
export const MOVE_RECORD_TYPE = 'https://prov.dev/move-record/v1'

/** Subjects of one Statement; a longer move has several. */
export const RECORD_ENTRIES = 5000

export interface RecordFacts {
  readonly from: string
  readonly to: readonly string[]
  /** Milliseconds since the epoch at which this part of the move was confirmed. */
  readonly time: number
  readonly version: string
  /** Of the keys under which the entries verified. */
  readonly trust: string
  /** From 1. */
  readonly part: number
}

/** True for what a record tells of: entries that are confirmed in every target. */
export function isRecorded({ outcome, entry }: Moved): boolean {
  return (outcome === 'moved' || outcome === 'unchanged') && entry !== undefined
}

/**
 * The payload of one Statement: a subject an entry, by the digest of its payload, and where each of its copies is.
 *
 * @example recordStatement(moved, facts) // {"_type":"https://in-toto.io/Statement/v1","subject":[…],…}
 */
export function recordStatement(moved: readonly Moved[], facts: RecordFacts): Uint8Array {
  const entries = moved.flatMap(({ entry, signatures, location, copies, verified, removed }) =>
    entry === undefined
      ? []
      : [
          {
            id: entry,
            signatures,
            verified,
            from: location,
            removed,
            to: copies.map((copy) => ({ backend: copy.backend, location: copy.location, outcome: copy.outcome })),
          },
        ],
  )
  const subject = [...new Set(entries.map(({ id }) => id))].map((id) => {
    return { name: id, digest: { sha256: id.slice(id.lastIndexOf(':') + 1) } }
  })
  const { from, to, time, version, trust, part } = facts
  const predicate = {
    from,
    to,
    movedOn: new Date(time).toISOString(),
    prov: version,
    trust,
    part,
    entries,
  }
  const statement = { _type: 'https://in-toto.io/Statement/v1', subject, predicateType: MOVE_RECORD_TYPE, predicate }
  return Buffer.from(JSON.stringify(statement))
}
