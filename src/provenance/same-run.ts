/** Does a Statement say of a run what the run object fixes? The payload is made again, once, and compared in both directions. Pure. */

import { ProvError } from '../errors.ts'
import type { FormatOptions } from '../formats/format.ts'
import { formatNamed } from '../formats/index.ts'
import type { RunArtifact } from '../model/artifact.ts'
import { canonical, type Json } from '../model/canonical.ts'
import { sameBytes } from '../model/entry.ts'
import type { Statement } from '../model/statement.ts'
import { parseBounded } from '../platform/text/bounded-json.ts'
import { isRecord } from '../platform/text/guards.ts'
import { type Difference, MAY_DIFFER, type MayDiffer, NEEDS_TASK_RUNS, SETS, TIMES } from './may-differ.ts'

/**
 * Where the predicate says something else than the run does, as a JSON pointer; undefined when it says the same but for what may rightly
 * differ. Of the formats in which Chains writes this predicate type, with and without deep inspection, one has to fit.
 *
 * @example unlikeRun(entry.payload, statement, run, ['slsa/v1']) // '/predicate/buildConfig/steps/0/entryPoint'
 */
export function unlikeRun(
  payload: Uint8Array,
  statement: Statement,
  run: RunArtifact,
  formats: readonly string[],
): string | undefined {
  const before = compared.get(run.object)
  if (before !== undefined && sameBytes(before.payload, payload)) return before.doubt
  const doubt = compare(statement, run, formats)
  compared.set(run.object, { payload, doubt })
  return doubt
}

/** A run's copies are mostly one payload: the last one and its answer. */
const compared = new WeakMap<
  RunArtifact['object'],
  { readonly payload: Uint8Array; readonly doubt: string | undefined }
>()

function compare(statement: Statement, run: RunArtifact, formats: readonly string[]): string | undefined {
  const buildType = buildTypeOf(statement)
  let first: string | undefined
  for (const deepInspection of run.kind === 'TaskRun' ? [false] : [false, true]) {
    for (const format of formats) {
      const expected = expectedOf(run, format, { builderId: '', buildType, deepInspection })
      const doubt =
        expected === undefined
          ? '' // Chains would not sign such a run either
          : doubtIn(expected.predicate, statement.predicate as Json | undefined, '', { ...expected, run })
      if (doubt === undefined) return undefined
      first ??= `/predicate${doubt}`
    }
  }
  return first
}

interface Expected {
  readonly predicate: Json
  /** False for a PipelineRun without its TaskRuns. */
  readonly isWhole: boolean
}

const made = new WeakMap<RunArtifact['object'], Map<string, Expected | undefined>>()

function expectedOf(run: RunArtifact, format: string, options: FormatOptions): Expected | undefined {
  const known = made.get(run.object) ?? new Map<string, Expected | undefined>()
  made.set(run.object, known)
  const key = `${format} ${options.deepInspection} ${options.buildType}`
  if (!known.has(key)) known.set(key, make(run, format, options))
  return known.get(key)
}

function make(run: RunArtifact, format: string, options: FormatOptions): Expected | undefined {
  const whole = predicateOf(run, format, options)
  if (whole !== undefined) return { predicate: whole, isWhole: true }
  const alone = run.kind === 'PipelineRun' ? predicateOf(withoutTaskRuns(run), format, options) : undefined
  return alone === undefined ? undefined : { predicate: alone, isWhole: false }
}

function predicateOf(run: RunArtifact, format: string, options: FormatOptions): Json | undefined {
  try {
    const payload = formatNamed(format).payload(run, options)
    return (JSON.parse(Buffer.from(payload).toString()) as { readonly predicate: Json }).predicate
  } catch (thrown) {
    if (thrown instanceof ProvError && thrown.code !== 'internal') return undefined
    throw thrown
  }
}

function withoutTaskRuns(run: RunArtifact): RunArtifact {
  const status = run.object['status']
  const object = { ...run.object, status: isRecord(status) ? { ...status, childReferences: [] } : status }
  return { ...run, object, children: [] }
}

function buildTypeOf({ predicate }: Statement): string {
  const definition = isRecord(predicate) ? predicate['buildDefinition'] : undefined
  const said = isRecord(definition) ? definition['buildType'] : undefined
  return typeof said === 'string' ? said : ''
}

interface Scope {
  readonly isWhole: boolean
  readonly run: RunArtifact
}

/** The first path that differs and may not; absent, null and empty are the same. */
function doubtIn(expected: Json | undefined, said: Json | undefined, at: string, scope: Scope): string | undefined {
  if (!scope.isWhole && NEEDS_TASK_RUNS.includes(at)) return undefined
  // Most of it is the same to the letter.
  if (isHighUp(at) && isIdentical(expected, said)) return undefined
  if (at.endsWith('/invocation/parameters')) return canonical(expected ?? {}) === canonical(said ?? {}) ? undefined : at
  if (isListOrNone(expected, said)) {
    return SETS.includes(at)
      ? doubtInSet(itemsOf(expected), itemsOf(said), at, scope)
      : doubtInMembers(Object.entries(itemsOf(expected)), itemsOf(said), at, scope)
  }
  if (isRecordOrNone(expected, said)) {
    return doubtInMembers(Object.entries(isRecord(expected) ? expected : {}), isRecord(said) ? said : {}, at, scope)
  }
  if (isEqual(expected, said, at)) return undefined
  return mayDiffer(at, howOf(expected, said), said ?? expected, scope) ? undefined : at
}

function doubtInMembers(
  expected: readonly (readonly [string, Json])[],
  said: readonly Json[] | Readonly<Record<string, Json>>,
  at: string,
  scope: Scope,
): string | undefined {
  const members = new Map<string, Json>(Object.entries(said))
  for (const [key, value] of expected) {
    const doubt = doubtIn(value, members.get(key), `${at}/${escaped(key)}`, scope)
    if (doubt !== undefined) return doubt
    members.delete(key)
  }
  for (const [key, value] of members) {
    const doubt = doubtIn(undefined, value, `${at}/${escaped(key)}`, scope)
    if (doubt !== undefined) return doubt
  }
  return undefined
}

function doubtInSet(expected: readonly Json[], said: readonly Json[], at: string, scope: Scope): string | undefined {
  const own = new Set(expected.map(textOf))
  const theirs = new Set(said.map(textOf))
  const isOdd = (item: Json, others: ReadonlySet<string>, how: Difference): boolean =>
    !others.has(textOf(item)) && !mayDiffer(`${at}/-`, how, item, scope)
  const isMissing = expected.some((item) => isOdd(item, theirs, 'missing'))
  return isMissing || said.some((item) => isOdd(item, own, 'added')) ? at : undefined
}

/** A TaskRun that was put in whole counts by what it is and did: its labels, annotations and versions go on changing. */
function textOf(item: Json): string {
  if (!isRecord(item) || item['name'] !== 'pipelineTask') return canonical(item)
  const run = readContent(item['content'])
  if (!isRecord(run)) return canonical(item)
  const { spec = null, status = null } = run
  const metadata = isRecord(run['metadata']) ? run['metadata'] : {}
  const { name = null, namespace = null, uid = null } = metadata
  return canonical({ ...item, content: { name, namespace, uid, spec, status } as Json })
}

/** JSON in base64; undefined for anything else, and for what is nested too deeply to be read. */
function readContent(content: Json | undefined): unknown {
  try {
    return parseBounded(Buffer.from(String(content), 'base64').toString())
  } catch {
    return undefined
  }
}

/** The predicate, its members and theirs: so nothing is compared more than three times before it is gone through. */
function isHighUp(at: string): boolean {
  const second = at.indexOf('/', 1)
  return second < 0 || !at.includes('/', second + 1)
}

/** The same values under the same names, in any order. */
function isIdentical(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [own, other] = [Object.entries(a), b as Readonly<Record<string, Json>>]
  if (own.length !== Object.keys(other).length) return false
  return own.every(([key, value]) => Object.hasOwn(other, key) && isIdentical(value, other[key]))
}

function isEqual(expected: Json | undefined, said: Json | undefined, at: string): boolean {
  const [a, b] = [expected ?? null, said ?? null]
  return canonical(a) === canonical(b) || (TIMES.includes(at) && Date.parse(String(a)) === Date.parse(String(b)))
}

function howOf(expected: Json | undefined, said: Json | undefined): Difference {
  if (isNone(expected)) return 'added'
  return isNone(said) ? 'missing' : 'changed'
}

function mayDiffer(at: string, how: Difference, value: Json | undefined, { run }: Scope): boolean {
  const path = at.split('/')
  return MAY_DIFFER.some((rule) => rule.how.includes(how) && fits(rule, path) && allows(rule, path, value, run))
}

function fits({ at }: MayDiffer, path: readonly string[]): boolean {
  const pattern = at.split('/')
  const isOpen = pattern.at(-1) === '**'
  if (isOpen ? path.length < pattern.length : path.length !== pattern.length) return false
  return pattern.every((part, i) => part === '*' || part === '**' || part === path[i])
}

function allows(rule: MayDiffer, path: readonly string[], value: Json | undefined, run: RunArtifact): boolean {
  const name = (path[rule.at.split('/').length - 1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~')
  if (rule.except?.includes(name) === true) return false
  if (rule.named !== undefined) {
    const said = isRecord(value) ? value['name'] : undefined
    return typeof said === 'string' && said.startsWith(rule.named)
  }
  return rule.inSpec !== true || isInSpec(run, path.slice(rule.at.split('/').length - 1), value)
}

function isInSpec(run: RunArtifact, path: readonly string[], value: Json | undefined): boolean {
  let here: unknown = run.object['spec']
  for (const part of path) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return false
    here = (here as Readonly<Record<string, unknown>>)[key]
  }
  return canonical(here as Json) === canonical(value ?? null)
}

function isListOrNone(a: Json | undefined, b: Json | undefined): boolean {
  return (Array.isArray(a) && (Array.isArray(b) || isNone(b))) || (Array.isArray(b) && isNone(a))
}

function isRecordOrNone(a: Json | undefined, b: Json | undefined): boolean {
  return (isRecord(a) && (isRecord(b) || isNone(b))) || (isRecord(b) && isNone(a))
}

function itemsOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

function isNone(value: Json | undefined): value is null | undefined {
  return value === undefined || value === null
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
