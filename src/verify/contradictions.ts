/** Copies in unlike formats: only what both state is compared, since Chains' formats differ in subjects and materials by design. */
import { isDeepStrictEqual } from 'node:util'
import { readStatement, type Statement } from '../model/statement.ts'
import { arrayIn, recordIn } from '../platform/text/guards.ts'
import { invocationId } from '../provenance/identity.ts'

interface Facts {
  /** Name or uri → algorithm → every digest given for it. */
  readonly digests: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>
  readonly builder: unknown
  readonly started: unknown
  readonly finished: unknown
  readonly uid: string | undefined
  /** What the run was given, by name; SLSA v0.2 lists defaults as well. */
  readonly parameters: ReadonlyMap<string, unknown>
  /** The Task or Pipeline that it names. */
  readonly definition: unknown
  /** Images of steps and sidecars. */
  readonly images: ReadonlySet<string>
}

/**
 * For each format that another contradicts, the first contradiction in words; empty when all agree. Copies that state nothing in common
 * cannot agree, unless each was held against the run at hand (`isAtHand`).
 *
 * @example contradictions([{ format: 'slsa/v1', payload: a }, { format: 'slsa/v2alpha4', payload: b }], { isAtHand: false }).size // 0
 */
export function contradictions(
  copies: readonly { format: string; payload: Uint8Array }[],
  { isAtHand }: { readonly isAtHand: boolean },
): ReadonlyMap<string, string> {
  if (copies.length < 2) return new Map()
  const known = copies.flatMap(({ format, payload }) => {
    const statement = readStatement(payload)
    return [{ format, facts: factsOf(statement ?? NOTHING) }]
  })
  const found = new Map<string, string>()
  for (const [i, a] of known.entries()) {
    for (const b of known.slice(i + 1)) {
      const what = contradiction(a.facts, b.facts)
      if (what === undefined && (isAtHand || shareFacts(a.facts, b.facts))) continue
      const said = (other: string): string =>
        what === undefined ? `nothing that ${other} says can be compared with it` : `${what} is not what ${other} says`
      if (!found.has(a.format)) found.set(a.format, said(b.format))
      if (!found.has(b.format)) found.set(b.format, said(a.format))
    }
  }
  return found
}

const NOTHING: Statement = { type: '', predicateType: '', subjects: [], predicate: undefined }

/** Of the run itself: one builder makes many. */
function shareFacts(a: Facts, b: Facts): boolean {
  if (a.uid !== undefined && b.uid !== undefined) return true
  if (a.started !== undefined && b.started !== undefined) return true
  if (a.finished !== undefined && b.finished !== undefined) return true
  return [...a.digests].some(([name, algorithms]) =>
    [...algorithms.keys()].some((algorithm) => b.digests.get(name)?.has(algorithm) === true),
  )
}

function contradiction(a: Facts, b: Facts): string | undefined {
  if (unlike(a.builder, b.builder)) return 'the builder id'
  if (unlike(a.uid, b.uid) || unlikeTime(a.started, b.started) || unlikeTime(a.finished, b.finished)) return 'the run'
  if (unlike(a.definition, b.definition)) return 'the task or pipeline'
  for (const [name, value] of a.parameters) {
    if (b.parameters.has(name) && !isDeepStrictEqual(b.parameters.get(name), value)) return `the parameter ${name}`
  }
  if (a.images.size > 0 && b.images.size > 0 && ![...a.images].some((name) => b.images.has(name)))
    return 'every image of its steps'
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
  const predicate = recordIn(statement.predicate)
  const details = recordIn(predicate['runDetails'])
  const metadata = { ...recordIn(predicate['metadata']), ...recordIn(details['metadata']) }
  const materials = [
    ...arrayIn(predicate['materials']),
    ...arrayIn(recordIn(predicate['buildDefinition'])['resolvedDependencies']),
  ].map((item) => ({ name: recordIn(item)['uri'], digest: recordIn(recordIn(item)['digest']) }))
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
    parameters: parametersOf(predicate),
    definition: definitionOf(predicate),
    images: new Set([...digests.keys()].filter((name) => name.startsWith('oci://'))),
    builder: recordIn(predicate['builder'])['id'] ?? recordIn(details['builder'])['id'],
    started: metadata['buildStartedOn'] ?? metadata['startedOn'],
    finished: metadata['buildFinishedOn'] ?? metadata['finishedOn'],
    uid: invocationId(statement),
  }
}

/** A named Task is in Tekton's label of SLSA v0.2 and in the spec of SLSA v1.0; one that is embedded or fetched has no name there. */
function definitionOf(predicate: Readonly<Record<string, unknown>>): unknown {
  const labels = recordIn(recordIn(recordIn(predicate['invocation'])['environment'])['labels'])
  const isPipeline = predicate['buildType'] === 'tekton.dev/v1/PipelineRun'
  const spec = specOf(predicate)
  const named = recordIn(spec['pipelineRef'])['name'] ?? recordIn(spec['taskRef'])['name']
  return named ?? labels[isPipeline ? 'tekton.dev/pipeline' : 'tekton.dev/task']
}

function specOf(predicate: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return recordIn(recordIn(recordIn(predicate['buildDefinition'])['externalParameters'])['runSpec'])
}

function parametersOf(predicate: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> {
  const old = Object.entries(recordIn(recordIn(predicate['invocation'])['parameters']))
  const given = arrayIn(specOf(predicate)['params']).map((item): [string, unknown] => [
    String(recordIn(item)['name']),
    recordIn(item)['value'],
  ])
  return new Map([...old, ...given])
}
