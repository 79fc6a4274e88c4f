/** What a verdict rests on beside the keys: identities, validities that end, retired keys, proofs of another backend. Pure. */
import type { GoodCopy, Grounds } from '../copies/judge-slot.ts'
import type { Reading } from '../copies/read-copies.ts'
import type { Identity } from '../trust/identity.ts'

export interface RestsOn {
  /** Who holds the certificates of the copies that verify, each once; absent: they verify by keys. */
  readonly identities?: readonly Identity[]
  /** When the first validity ends that the verdict rests on, RFC 3339; absent: none ends. */
  readonly until?: string
  /** Keys and identities whose time is over, with the copies that hang on them. */
  readonly retired?: readonly Retired[]
  /** Copies that lack a proof which another backend holds for the same signature. */
  readonly lent?: readonly Lending[]
}

export interface Retired {
  /** What the keyring calls it, or its file. */
  readonly source: string
  readonly keyid: string
  /** End of its validity, RFC 3339. */
  readonly until: string
  /** Backends and locations. */
  readonly copies: readonly string[]
}

export interface Lending {
  readonly backend: string
  readonly location: string
  /** The backend that holds the proof. */
  readonly from: string
}

interface Resting {
  readonly backend: string
  readonly copy: GoodCopy
  readonly grounds: Grounds
}

/** More copies of one artifact on one key are counted in the rows. */
const MOST = 100

/** @example restsOn(readings).until // '2027-01-31T00:00:00.000Z' */
export function restsOn(readings: readonly Reading[]): RestsOn {
  const all: readonly Resting[] = readings.flatMap(({ backend, judged }) =>
    (judged?.good ?? []).flatMap((copy) => copy.grounds.map((grounds) => ({ backend, copy, grounds }))),
  )
  const identities = new Map<string, Identity>()
  for (const { grounds } of all) {
    const { identity } = grounds.key
    if (identity !== undefined) identities.set(JSON.stringify([identity.identity, identity.issuer]), identity)
  }
  const ends = all.flatMap(({ grounds }) => grounds.until ?? [])
  const lent = all.flatMap(({ backend, copy, grounds: { proofFrom } }) =>
    proofFrom === undefined ? [] : [{ backend, location: copy.found.location, from: proofFrom }],
  )
  const retired = retiredIn(all)
  return {
    ...(identities.size === 0 ? {} : { identities: [...identities.values()] }),
    ...(ends.length === 0 ? {} : { until: new Date(Math.min(...ends)).toISOString() }),
    ...(retired.length === 0 ? {} : { retired }),
    ...(lent.length === 0 ? {} : { lent: lent.slice(0, MOST) }),
  }
}

function retiredIn(all: readonly Resting[]): readonly Retired[] {
  const old = all.filter(({ grounds }) => grounds.key.retired === true)
  const byKey = Map.groupBy(old, ({ grounds: { key } }) => `${key.source} ${key.hint}`)
  return [...byKey.values()].flatMap((same) => {
    const key = same[0]?.grounds.key
    const until = key?.validity?.until
    if (key === undefined || until === undefined) return []
    const copies = [...new Set(same.map(({ backend, copy }) => `${backend} ${copy.found.location}`))].slice(0, MOST)
    return [{ source: key.source, keyid: key.keyid, until: new Date(until).toISOString(), copies }]
  })
}

/**
 * The same as lines for people; [] when it rests on keys alone.
 *
 * @example restsOnLines(one) // ['signed by dev@example.com (issuer https://accounts.example.com)']
 */
export function restsOnLines({ identities = [], until, retired = [], lent = [] }: RestsOn): readonly string[] {
  return [
    ...identities.map(({ identity, issuer }) => `signed by ${identity} (issuer ${issuer})`),
    ...retired.map(
      ({ source, until: end, copies }) =>
        `rests on ${source}, which was retired at ${end}: ${copies.slice(0, 3).join(', ')}${copies.length > 3 ? ` and ${copies.length - 3} more` : ''}`,
    ),
    ...lent.map(({ backend, location, from }) => `${backend} ${location} lacks a proof that ${from} holds`),
    ...(until === undefined ? [] : [`the first validity that this rests on ends at ${until}`]),
  ]
}
