/** Copies in unlike formats: only what both state is compared, since Chains' formats differ in subjects and materials by design. */

import { readStatement, type Statement } from '../model/statement.ts'
import { invocationId } from '../provenance/identity.ts'

interface Facts {
  /** Name or uri → algorithm → every digest given for it. */
  readonly digests: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>
  readonly builder: unknown
  readonly started: unknown
  readonly finished: unknown
  readonly uid: string | undefined
}

/**
 * For each format that another contradicts, the first contradiction in words; empty when all agree.
 *
 * @example contradictions([{ format: 'slsa/v1', payload: a }, { format: 'slsa/v2alpha4', payload: b }]).size // 0
 */
export function contradictions(
  copies: readonly { format: string; payload: Uint8Array }[],
): ReadonlyMap<string, string> {
  if (copies.length < 2) return new Map()
  const known = copies.flatMap(({ format, payload }) => {
    const statement = readStatement(payload)
    return statement === undefined ? [] : [{ format, facts: factsOf(statement) }]
  })
  const found = new Map<string, string>()
  for (const [i, a] of known.entries()) {
    for (const b of known.slice(i + 1)) {
      const what = contradiction(a.facts, b.facts)
      if (what === undefined) continue
      if (!found.has(a.format)) found.set(a.format, `${what} is not what ${b.format} says`)
      if (!found.has(b.format)) found.set(b.format, `${what} is not what ${a.format} says`)
    }
  }
  return found
}

function contradiction(a: Facts, b: Facts): string | undefined {
  if (unlike(a.builder, b.builder)) return 'the builder id'
  if (unlike(a.uid, b.uid) || unlikeTime(a.started, b.started) || unlikeTime(a.finished, b.finished)) return 'the run'
  for (const [name, algorithms] of a.digests) {
    for (const [algorithm, values] of algorithms) {
      const others = b.digests.get(name)?.get(algorithm)
      if (others !== undefined && ![...values].some((value) => others.has(value))) return `the ${algorithm} of ${name}`
    }
  }
  return undefined
}

function unlike(a: unknown, b: unknown): boolean {
  return a !== undefined && b !== undefined && a !== b
}

function unlikeTime(a: unknown, b: unknown): boolean {
  return typeof a === 'string' && typeof b === 'string' && Date.parse(a) !== Date.parse(b)
}

function factsOf(statement: Statement): Facts {
  const predicate = record(statement.predicate)
  const details = record(predicate['runDetails'])
  const metadata = { ...record(predicate['metadata']), ...record(details['metadata']) }
  const materials = [
    ...list(predicate['materials']),
    ...list(record(predicate['buildDefinition'])['resolvedDependencies']),
  ].map((item) => ({ name: record(item)['uri'], digest: record(record(item)['digest']) }))
  const subjects = statement.subjects.map(({ name, digest }) => ({ name: `subject ${name}`, digest }))
  const digests = new Map<string, Map<string, Set<string>>>()
  for (const { name, digest } of [...subjects, ...materials]) {
    if (typeof name !== 'string') continue
    const algorithms = digests.get(name) ?? new Map<string, Set<string>>()
    digests.set(name, algorithms)
    for (const [algorithm, value] of Object.entries(digest)) {
      algorithms.set(algorithm, (algorithms.get(algorithm) ?? new Set()).add(String(value)))
    }
  }
  return {
    digests,
    builder: record(predicate['builder'])['id'] ?? record(details['builder'])['id'],
    started: metadata['buildStartedOn'] ?? metadata['startedOn'],
    finished: metadata['buildFinishedOn'] ?? metadata['finishedOn'],
    uid: invocationId(statement),
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
