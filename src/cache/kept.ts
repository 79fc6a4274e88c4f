/** A verdict as it is kept: for how long, and how it is written and read. Pure. */
import { ERRORS } from '../errors.ts'
import { isRecord } from '../platform/text/guards.ts'
import type { VerifyReport } from '../verify/verify.ts'

/** A report without what everybody who asks knows: the trusted keys are a part of the cache's key. */
export type Report = Omit<VerifyReport, 'trust'>

/** For how long verdicts are kept, in milliseconds. */
export interface Ttl {
  readonly passMs: number
  /** Exit 3 and 4: what does not verify, and drift. */
  readonly failMs: number
  /** Exit 5. */
  readonly absentMs: number
}

export interface Kept {
  readonly report: Report
  /** When it was made, and until when it counts: milliseconds since the epoch. */
  readonly at: number
  readonly until: number
}

const VERSION = 1
/** Clocks of replicas differ by less. */
const MOST_SKEW_MS = 5000

/**
 * How long a report may be kept; undefined for one that may not: a backend could not be read, whether that was forgiven or not, or nothing says
 * how long. It ends no later than the first validity that the verdict rests on.
 *
 * @example ttlOf(report, ttl, Date.now()) // 60_000
 */
export function ttlOf(report: Report, ttl: Ttl, now: number): number | undefined {
  const ofExit = ttlOfExit(report.exit, ttl)
  if (ofExit === undefined || report.artifacts.length === 0) return undefined
  if (report.artifacts.some(({ rows }) => rows.some(({ mark }) => mark === '!'))) return undefined
  // A validity that is over already cannot end once more: the verdict rests on proof that it was made before.
  const ends = report.artifacts.flatMap(({ until }) => (until === undefined ? [] : [Date.parse(until) - now]))
  return Math.min(ofExit, ...ends.filter((left) => left > 0))
}

function ttlOfExit(exit: number, { passMs, failMs, absentMs }: Ttl): number | undefined {
  if (exit === 0) return passMs
  if (exit === ERRORS.signature_invalid.exit || exit === ERRORS.drift.exit) return failMs
  return exit === ERRORS.absent.exit ? absentMs : undefined
}

/** @example bodyOf({ report, at: now, until: now + 60_000 }) */
export function bodyOf({ report, at, until }: Kept): Uint8Array {
  const { exit, artifacts, otherKey } = report
  return Buffer.from(JSON.stringify({ v: VERSION, exit, at, until, artifacts, otherKey }))
}

/**
 * What was kept; undefined where it is of another version, over, from the future, or older than `ttl` lets it be. The body is one that was
 * sealed: what prov wrote is not checked member by member.
 *
 * @example readBody(body, ttl, Date.now())?.report.exit // 0
 */
export function readBody(body: Uint8Array, ttl: Ttl, now: number): Kept | undefined {
  let said: unknown
  try {
    said = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'))
  } catch {
    return undefined
  }
  if (!isRecord(said) || said['v'] !== VERSION) return undefined
  const { exit, at, until, artifacts, otherKey } = said as unknown as Kept & Report
  if (!isCurrent(exit, { at, until }, ttl, now)) return undefined
  const findings = artifacts.flatMap((one) => one.findings)
  return { report: { exit, artifacts, findings, ...(otherKey === undefined ? {} : { otherKey }) }, at, until }
}

/** Whether what was kept still counts. @example counts(kept, ttl, Date.now()) */
export function counts({ report, at, until }: Kept, ttl: Ttl, now: number): boolean {
  return isCurrent(report.exit, { at, until }, ttl, now)
}

function isCurrent(exit: number, { at, until }: Pick<Kept, 'at' | 'until'>, ttl: Ttl, now: number): boolean {
  const longest = ttlOfExit(exit, ttl)
  return longest !== undefined && now < until && now < at + longest && at <= now + MOST_SKEW_MS
}
