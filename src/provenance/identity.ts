/** Is this entry about that artifact? Judged from the run object where it is known, never from what the copy says about itself. */

import type { Slot } from '../backend/backend.ts'
import { ProvError } from '../errors.ts'
import { goTime, type Moment } from '../formats/go/time.ts'
import { formatNamed } from '../formats/index.ts'
import { runView } from '../formats/tekton/run-view.ts'
import type { Artifact, ImageRef, RunArtifact, Subject } from '../model/artifact.ts'
import { meaningOf } from '../model/canonical.ts'
import { type Entry, sameBytes } from '../model/entry.ts'
import { imageOfSubject, parseRepository } from '../model/image-reference.ts'
import { readStatement, type Statement } from '../model/statement.ts'
import { parseBounded } from '../platform/text/bounded-json.ts'
import { recordIn } from '../platform/text/guards.ts'
import { unlikeRun } from './same-run.ts'
import { contradictsPlace } from './slot-names.ts'

/**
 * `same`: about this artifact. `altered`: names this run by its uid, and says something else than the run object does. `beside`: about
 * another artifact that rightly shares the slot (another run on this image, another predicate, the image under another name). `other`: about
 * an artifact that does not belong in this slot.
 */
export type Relation = 'same' | 'altered' | 'beside' | 'other'

export const SLSA_V02 = 'https://slsa.dev/provenance/v0.2'
export const SLSA_V1 = 'https://slsa.dev/provenance/v1'

/**
 * How an entry relates to the artifact in whose slot it was found. `expected` are the subjects of that artifact; `holds` says whether the
 * slot is for this artifact alone. Only SLSA provenance is a copy of a run's provenance, and only a payload of the same meaning is a copy of
 * a Statement. Only for entries with a signature that verifies; for others see {@link resembles}.
 *
 * @example relation(entry, run, subjects, 'one') // 'same'
 */
export function relation(
  entry: Entry,
  artifact: Artifact,
  expected: readonly Subject[],
  holds: Slot['holds'],
): Relation {
  return relationBy(
    {
      says: ({ payload }, given) => meaningOf(payload) === meaningOf(given),
      isOf: (statement, run) => {
        if (run.claim !== undefined) return 'same'
        if (statement.predicateType === SLSA_V02)
          return unlikeRun(entry.payload, statement, run, ['slsa/v1']) ? undefined : 'same'
        const saysWhatRan = unlikeRun(entry.payload, statement, run, V1_FORMATS) === undefined
        const isAboutIt = V1_FORMATS.some((format) => sameSubjects(statement.subjects, run, format))
        return saysWhatRan && isAboutIt ? 'same' : 'altered'
      },
    },
    { entry, artifact, expected, holds },
  )
}

/**
 * The same for an entry without a signature that verifies: what it may have been, by its names alone. It decides only how the failure is
 * reported.
 *
 * @example resembles(entry, run, subjects, 'many') // 'same': then a place without a good copy is `#`, not `+`
 */
export function resembles(
  entry: Entry,
  artifact: Artifact,
  expected: readonly Subject[],
  holds: Slot['holds'],
): Relation {
  const byName = {
    says: ({ payload }: Entry, given: Uint8Array) => sameBytes(payload, given),
    isOf: () => 'same' as const,
  }
  return relationBy(byName, { entry, artifact, expected, holds })
}

interface Asked {
  readonly entry: Entry
  readonly artifact: Artifact
  readonly expected: readonly Subject[]
  readonly holds: Slot['holds']
}

/** How closely an entry is read. */
interface Closeness {
  says(entry: Entry, payload: Uint8Array): boolean
  /** For a Statement that names the run; undefined: it is another run's. */
  isOf(statement: Statement, run: RunArtifact): Relation | undefined
}

function relationBy(how: Closeness, { entry, artifact, expected, holds }: Asked): Relation {
  if (entry.kind === 'raw') return rawRelation(entry, artifact, expected, holds)
  const statement = readStatement(entry.payload)
  if (statement === undefined) return 'other'
  if (artifact.type === 'image') return namesDigest(statement, artifact.image.digest) ? 'same' : 'other'
  const otherwise = sharesDigest(statement.subjects, expected) ? 'beside' : 'other'
  if (artifact.type === 'statement') return how.says(entry, artifact.payload) ? 'same' : otherwise
  return (isRun(statement, artifact, entry, holds) ? how.isOf(statement, artifact) : undefined) ?? otherwise
}

function rawRelation(entry: Entry, artifact: Artifact, expected: readonly Subject[], holds: Slot['holds']): Relation {
  if (artifact.type === 'image') return imageRelation(entry, artifact.image)
  return holds === 'many' && signsOneOf(entry, expected) ? 'beside' : 'other'
}

/**
 * What distinguishes entries of one image when no run is known: predicate type and the run that the Statement names; for a `raw` entry its
 * format.
 */
export function claimedIdentity(entry: Entry): string {
  if (entry.kind === 'raw') return 'simplesigning'
  const statement = readStatement(entry.payload)
  if (statement === undefined) return 'unreadable'
  const uid = invocationId(statement)
  if (uid !== undefined) return `${statement.predicateType} ${uid}`
  const predicate = recordIn(statement.predicate)
  const metadata = recordIn(predicate['metadata'])
  const when = [predicate['buildType'], metadata['buildStartedOn'], metadata['buildFinishedOn']]
  if (when.every((part) => part === undefined)) return `${statement.predicateType} ${meaningOf(entry.payload)}`
  return `${statement.predicateType} ${JSON.stringify([...when, subjectKeys(statement.subjects)])}`
}

/** The uid that a SLSA v1.0 predicate carries; undefined for other predicates. */
export function invocationId(statement: Statement): string | undefined {
  if (statement.predicateType !== SLSA_V1) return undefined
  const id = recordIn(recordIn(recordIn(statement.predicate)['runDetails'])['metadata'])['invocationId']
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
    const critical = recordIn(recordIn(parseBounded(Buffer.from(payload).toString('utf8')))['critical'])
    const reference = recordIn(critical['identity'])['docker-reference']
    const digest = recordIn(critical['image'])['docker-manifest-digest']
    if (typeof reference !== 'string' || typeof digest !== 'string') return undefined
    return { repository: parseRepository(reference), digest }
  } catch {
    return undefined
  }
}

/** By kind, run and times, and the names that its place gives it; what the run did is compared after that. */
function isRun(statement: Statement, run: RunArtifact, entry: Entry, holds: Slot['holds']): boolean {
  if (statement.predicateType === SLSA_V1) {
    return invocationId(statement) === run.uid && (run.claim === undefined || !contradictsPlace(statement, run))
  }
  if (statement.predicateType !== SLSA_V02) return false
  const predicate = recordIn(statement.predicate)
  if (predicate['buildType'] !== `tekton.dev/v1/${run.kind}`) return false
  // Without the run's object the place of the entry names the run: copies there that differ then drift.
  if (run.claim !== undefined) {
    if (contradictsPlace(statement, run)) return false
    return holds === 'one' || claimedIdentity(entry) === run.claim.identity
  }
  const metadata = recordIn(predicate['metadata'])
  const { startTime, completionTime } = runView(run)
  if (!sameTime(metadata['buildStartedOn'], startTime) || !sameTime(metadata['buildFinishedOn'], completionTime))
    return false
  return sameSubjects(statement.subjects, run, 'slsa/v1')
}

const V1_FORMATS = ['slsa/v2alpha4', 'slsa/v2alpha3']

// A run stored with deep inspection names its children's subjects as well: whatever lies between the two sets is this run.
// Without its TaskRuns at hand nobody can say what those are, and its own subjects have to be enough.
function sameSubjects(found: readonly Subject[], run: RunArtifact, format: string): boolean {
  const own = keysOf(run, false, format)
  const said = subjectKeys(found)
  if (!own.every((key) => said.includes(key))) return false
  const deep = run.kind === 'TaskRun' ? [] : deepSubjects(run, format)
  return deep === undefined || said.every((key) => own.includes(key) || deep.includes(key))
}

function deepSubjects(run: RunArtifact, format: string): readonly string[] | undefined {
  try {
    return keysOf(run, true, format)
  } catch (thrown) {
    if (thrown instanceof ProvError) return undefined
    throw thrown
  }
}

/** The subjects of a run, which all its copies are compared with. */
const known = new WeakMap<RunArtifact, Map<string, readonly string[]>>()

function keysOf(run: RunArtifact, deepInspection: boolean, format: string): readonly string[] {
  const ofRun = known.get(run) ?? new Map<string, readonly string[]>()
  known.set(run, ofRun)
  const name = `${format} ${deepInspection}`
  const before = ofRun.get(name)
  if (before !== undefined) return before
  const keys = subjectKeys(formatNamed(format).subjects(run, { builderId: '', buildType: '', deepInspection }))
  ofRun.set(name, keys)
  return keys
}

/** Kubernetes writes a time in several ways, Chains in one. */
function sameTime(said: unknown, own: Moment | undefined): boolean {
  if (own === undefined || typeof said !== 'string') return own === undefined && (said === undefined || said === null)
  const text = goTime(own)
  return said === text || Date.parse(said) === Date.parse(text)
}

function namesDigest(statement: Statement, digest: string): boolean {
  return statement.subjects.some((subject) => `sha256:${subject.digest['sha256']}` === digest)
}

function sharesDigest(a: readonly Subject[], b: readonly Subject[]): boolean {
  const known = new Set(b.flatMap((subject) => Object.values(subject.digest)))
  return a.some((subject) => Object.values(subject.digest).some((hex) => known.has(hex)))
}

export function subjectKeys(subjects: readonly Subject[]): readonly string[] {
  return [...new Set(subjects.map(subjectKey))].sort()
}

function subjectKey(subject: Subject): string {
  const name = imageOfSubject(subject)?.repository ?? subject.name
  return JSON.stringify([name, Object.entries(subject.digest).sort()])
}
