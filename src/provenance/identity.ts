/** Is this entry about that artifact? Judged from the run object where it is at hand, never from what the copy says of itself. */
import { isDeepStrictEqual } from 'node:util'
import type { Slot } from '../backend/backend.ts'
import { ProvError } from '../errors.ts'
import { formatNamed } from '../formats/index.ts'
import { runView } from '../formats/tekton/run-view.ts'
import type { Artifact, ImageRef, RunArtifact, Subject } from '../model/artifact.ts'
import { meaningOf } from '../model/canonical.ts'
import type { Entry } from '../model/entry.ts'
import { imageOfSubject, parseRepository } from '../model/image-reference.ts'
import { readStatement, type Statement } from '../model/statement.ts'

/**
 * `same`: about this artifact. `beside`: about something that rightly shares the place (another run on this image, another
 * predicate, the image under another name). `other`: about something that has no business in this place.
 */
export type Relation = 'same' | 'beside' | 'other'

export const SLSA_V02 = 'https://slsa.dev/provenance/v0.2'
export const SLSA_V1 = 'https://slsa.dev/provenance/v1'

/**
 * How an entry relates to the artifact whose place it was found in. `expected` are the subjects of that artifact; `holds`
 * says whether the place is the artifact's own. There a Statement of any predicate type is tied to a run by its subjects; in a
 * shared place one that is no provenance is just another Statement about the same image.
 *
 * @example relation(entry, run, subjects, 'one') // 'same'
 */
export function relation(
  entry: Entry,
  artifact: Artifact,
  expected: readonly Subject[],
  holds: Slot['holds'],
): Relation {
  if (entry.kind === 'raw') {
    if (artifact.type === 'image') return imageRelation(entry, artifact.image)
    return holds === 'many' && signsOneOf(entry, expected) ? 'beside' : 'other'
  }
  const statement = readStatement(entry.payload)
  if (statement === undefined) return 'other'
  if (artifact.type === 'image') return namesDigest(statement, artifact.image.digest) ? 'same' : 'other'
  const otherwise = sharesDigest(statement.subjects, expected) ? 'beside' : 'other'
  if (artifact.type === 'statement') {
    return meaningOf(entry.payload) === meaningOf(artifact.payload) ? 'same' : otherwise
  }
  const tied = statement.predicateType === SLSA_V02 || statement.predicateType === SLSA_V1 || holds === 'one'
  return tied && isRun(statement, artifact, expected, entry, holds) ? 'same' : otherwise
}

/**
 * What tells entries of one image apart when no run is at hand: predicate type and the run that the Statement names.
 * A `raw` entry's is its format.
 */
export function claimedIdentity(entry: Entry): string {
  if (entry.kind === 'raw') return 'simplesigning'
  const statement = readStatement(entry.payload)
  if (statement === undefined) return 'unreadable'
  const uid = invocationId(statement)
  if (uid !== undefined) return `${statement.predicateType} ${uid}`
  const predicate = record(statement.predicate)
  const metadata = record(predicate['metadata'])
  const when = [predicate['buildType'], metadata['buildStartedOn'], metadata['buildFinishedOn']]
  if (when.every((part) => part === undefined)) return `${statement.predicateType} ${meaningOf(entry.payload)}`
  return `${statement.predicateType} ${JSON.stringify([...when, subjectKeys(statement.subjects)])}`
}

/** The uid that a SLSA v1.0 predicate carries; undefined for other predicates. */
export function invocationId(statement: Statement): string | undefined {
  if (statement.predicateType !== SLSA_V1) return undefined
  const id = record(record(record(statement.predicate)['runDetails'])['metadata'])['invocationId']
  return typeof id === 'string' ? id : undefined
}

function imageRelation(entry: Entry, image: ImageRef): Relation {
  const said = simpleSigningImage(entry.payload)
  if (said === undefined || said.digest !== image.digest) return 'other'
  return said.repository === image.repository ? 'same' : 'beside'
}

function signsOneOf(entry: Entry, subjects: readonly Subject[]): boolean {
  const digest = simpleSigningImage(entry.payload)?.digest
  return subjects.some((subject) => `sha256:${subject.digest['sha256']}` === digest)
}

/** The image that a simplesigning payload names; undefined when it is none. */
export function simpleSigningImage(payload: Uint8Array): ImageRef | undefined {
  try {
    const critical = record(record(JSON.parse(Buffer.from(payload).toString('utf8')))['critical'])
    const reference = record(critical['identity'])['docker-reference']
    const digest = record(critical['image'])['docker-manifest-digest']
    if (typeof reference !== 'string' || typeof digest !== 'string') return undefined
    return { repository: parseRepository(reference), digest }
  } catch {
    return undefined
  }
}

function isRun(
  statement: Statement,
  run: RunArtifact,
  expected: readonly Subject[],
  entry: Entry,
  holds: Slot['holds'],
): boolean {
  const uid = invocationId(statement)
  if (uid !== undefined) return uid === run.uid
  // Without the run's object its own place counts as saying whose it is: copies there that differ then drift.
  if (run.claim !== undefined) return holds === 'one' || claimedIdentity(entry) === run.claim.identity
  if (statement.predicateType !== SLSA_V02) return sharesDigest(statement.subjects, expected)
  const predicate = record(statement.predicate)
  if (predicate['buildType'] !== `tekton.dev/v1/${run.kind}`) return false
  const metadata = record(predicate['metadata'])
  const status = record(run.object['status'])
  if (!sameTime(metadata['buildStartedOn'], status['startTime'])) return false
  if (!sameTime(metadata['buildFinishedOn'], status['completionTime'])) return false
  return sameSubjects(statement.subjects, run) && sameParameters(predicate, run)
}

// A run stored with deep inspection names its children's subjects as well: whatever lies between the two sets is this run.
// Without its TaskRuns at hand nobody can say what those are, and its own subjects have to be enough.
function sameSubjects(found: readonly Subject[], run: RunArtifact): boolean {
  const own = subjectKeys(subjectsOf(run, false))
  const said = subjectKeys(found)
  if (!own.every((key) => said.includes(key))) return false
  const deep = run.kind === 'TaskRun' ? [] : deepSubjects(run)
  return deep === undefined || said.every((key) => own.includes(key) || deep.includes(key))
}

function deepSubjects(run: RunArtifact): readonly string[] | undefined {
  try {
    return subjectKeys(subjectsOf(run, true))
  } catch (thrown) {
    if (thrown instanceof ProvError) return undefined
    throw thrown
  }
}

function subjectsOf(run: RunArtifact, deepInspection: boolean): readonly Subject[] {
  return formatNamed('slsa/v1').subjects(run, { builderId: '', buildType: '', deepInspection })
}

// Runs of one matrix may share start, finish and subjects; their parameters differ, and a run's spec never changes.
function sameParameters(predicate: Readonly<Record<string, unknown>>, run: RunArtifact): boolean {
  const said = record(record(predicate['invocation'])['parameters'])
  return runView(run).params.every(({ name, value }) => {
    return value === undefined || !Object.hasOwn(said, name) || isDeepStrictEqual(said[name], value)
  })
}

function sameTime(a: unknown, b: unknown): boolean {
  if (typeof a !== 'string' || typeof b !== 'string') return a === undefined && (b === undefined || b === null)
  return a === b || Date.parse(a) === Date.parse(b)
}

function namesDigest(statement: Statement, digest: string): boolean {
  return statement.subjects.some((subject) => `sha256:${subject.digest['sha256']}` === digest)
}

function sharesDigest(a: readonly Subject[], b: readonly Subject[]): boolean {
  const known = new Set(b.flatMap((subject) => Object.values(subject.digest)))
  return a.some((subject) => Object.values(subject.digest).some((hex) => known.has(hex)))
}

function subjectKeys(subjects: readonly Subject[]): readonly string[] {
  return [...new Set(subjects.map(subjectKey))].sort()
}

function subjectKey(subject: Subject): string {
  const name = imageOfSubject(subject)?.repository ?? subject.name
  return JSON.stringify([name, Object.entries(subject.digest).sort()])
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
