/** What tests of the verdict cache share: reports of any exit, a clock that is set by hand, counts of what the cache told. */
import type { CacheEvents, CacheResult } from '../../src/cache/cache.ts'
import type { Report } from '../../src/cache/kept.ts'
import type { Mark } from '../../src/verify/agree.ts'
import type { VerifiedArtifact } from '../../src/verify/verify.ts'

const EXITS: Readonly<Partial<Record<Mark, number>>> = { '#': 3, '*': 4, '+': 5, '!': 6 }

/** One artifact with these marks; `filling` makes it larger. */
export function reportOf(
  marks: string,
  { until, filling = '', exit }: { readonly until?: string; readonly filling?: string; readonly exit?: number } = {},
): Report {
  const rows = [...marks].map((mark) => ({ backend: 'oci', mark: mark as Mark, location: `here${filling}` }))
  const own = exit ?? Math.min(...rows.map(({ mark }) => EXITS[mark] ?? Number.POSITIVE_INFINITY))
  const one: VerifiedArtifact = {
    artifact: 'image r/a@sha256:aa',
    uri: 'oci://r/a@sha256:aa',
    type: 'image',
    kind: 'raw',
    subjects: [],
    rows,
    strangers: [],
    references: [],
    exit: Number.isFinite(own) ? own : 0,
    findings: own === 5 ? [{ code: 'absent', message: 'not there' }] : [],
    holding: own === Number.POSITIVE_INFINITY ? ['oci'] : [],
    ...(until === undefined ? {} : { until }),
  }
  return { exit: one.exit, artifacts: [one], findings: one.findings }
}

export interface Counted extends CacheEvents {
  /** How often each result was told. */
  readonly counts: Partial<Record<CacheResult, number>>
  readonly failures: string[]
}

export function counting(): Counted {
  const counts: Partial<Record<CacheResult, number>> = {}
  const failures: string[] = []
  return {
    counts,
    failures,
    counted: (_, result) => {
      counts[result] = (counts[result] ?? 0) + 1
    },
    failed: (_, error) => failures.push(`${error.code}: ${error.message}`),
  }
}

export function handClock(at = 1_000_000) {
  const clock = { at, now: () => clock.at }
  return clock
}
