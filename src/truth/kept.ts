/** What the truth keeps of an entry and of what it is about, as bytes and back. Pure. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { type AboutJson, aboutFromJson, aboutToJson } from '../backend/about-json.ts'
import type { About } from '../backend/backend.ts'
import { ProvError } from '../errors.ts'
import type { Artifact, RunArtifact } from '../model/artifact.ts'
import { artifactUri } from '../model/artifact.ts'
import type { Entry } from '../model/entry.ts'
import { entryFromJson, entryToJson } from '../model/entry-json.ts'
import { type JsonBounds, parseBounded } from '../platform/text/bounded-json.ts'
import { arrayIn, isRecord, type JsonRecord, recordIn } from '../platform/text/guards.ts'

/** What prov keeps, and reads: somebody who can write to the database could make it larger than the memory. */
const MAX_RUN_BYTES = 64 * 1024 * 1024
const BOUNDS: JsonBounds = { depth: 1000, values: 2_000_000 }
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * The name under which an artifact is unique in the truth: of a run kind and uid only, so that no other spelling of its name makes a second one.
 *
 * @example truthUri(run) // 'prov:taskrun/b0a4c3c0-…'
 */
export function truthUri(artifact: Artifact): string {
  if (artifact.type !== 'run') return artifactUri(artifact)
  return `prov:${artifact.kind.toLowerCase()}/${encodeURIComponent(artifact.uid.toWellFormed())}`
}

/** @example entryOfBytes(bytesOfEntry(entry)) // the same entry */
export function bytesOfEntry(entry: Entry): Uint8Array {
  return Buffer.from(JSON.stringify(entryToJson(entry)))
}

/** Throws `copy_malformed` for bytes that {@link bytesOfEntry} does not write. */
export function entryOfBytes(bytes: Uint8Array): Entry {
  return entryFromJson(parsed(bytes))
}

export interface KeptAbout {
  /** JSON: everything but the run's object and its children. */
  readonly about: Uint8Array
  /** gzip of JSON `{object, children}`; absent for an artifact without a run. */
  readonly run?: Uint8Array
}

/**
 * What an entry is about, the run's object apart: it goes once nothing is owed, and is kept without what no provenance says (managed fields,
 * the last applied configuration, values of environment variables in the status). Without `run` it is left out: packing it costs most.
 *
 * @example aboutOf(keptAbout(about)).kind // 'dsse'
 */
export function keptAbout(about: About, { run: withRun = true } = {}): KeptAbout {
  const json = aboutToJson(about)
  const artifact = recordIn(json['artifact'])
  const runOf = (run: RunArtifact): Pick<KeptAbout, 'run'> => (withRun ? { run: packed(run) } : {})
  if (about.artifact.type === 'run') {
    return { about: bytesOf({ ...json, artifact: withoutObject(artifact) }), ...runOf(about.artifact) }
  }
  if (about.artifact.type === 'image' && about.artifact.run !== undefined) {
    const run = withoutObject(recordIn(artifact['run']))
    return { about: bytesOf({ ...json, artifact: { ...artifact, run } }), ...runOf(about.artifact.run) }
  }
  return { about: bytesOf(json) }
}

/** What is known of the run of an imported entry is what it claims: its object nobody has. */
const NO_OBJECT: JsonRecord = { object: {}, children: [] }

/** Throws `copy_malformed` for what {@link keptAbout} does not write. */
export function aboutOf({ about, run }: KeptAbout): About {
  const json = recordIn(parsed(about))
  const artifact = recordIn(json['artifact'])
  const withRun = (): JsonRecord => (run === undefined ? NO_OBJECT : recordIn(parsed(unpacked(run))))
  if (artifact['type'] === 'run') return aboutFromJson({ ...json, artifact: { ...artifact, ...withRun() } })
  if (artifact['run'] === undefined || artifact['type'] !== 'image') return aboutFromJson(json)
  const whole = { ...artifact, run: { ...recordIn(artifact['run']), ...withRun() } }
  return aboutFromJson({ ...json, artifact: whole })
}

function withoutObject({ object: _object, children: _children, ...rest }: JsonRecord): JsonRecord {
  return rest
}

function packed(run: RunArtifact): Uint8Array {
  const text = JSON.stringify({ object: leanObject(run.object), children: run.children.map(leanRun) })
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_RUN_BYTES && isReadable(text)) return gzipSync(bytes)
  const most = `${MAX_RUN_BYTES / 1024 / 1024} MiB and ${BOUNDS.values} values`
  throw new ProvError('input_too_large', `the run ${run.namespace}/${run.name} is larger than a truth keeps: ${most}`, {
    hint: 'store it without --truth',
  })
}

/** What could not be read again is not committed. */
function isReadable(text: string): boolean {
  try {
    if (text.length > BOUNDS.values) parseBounded(text, BOUNDS)
    return true
  } catch {
    return false
  }
}

function unpacked(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_RUN_BYTES })
  } catch (cause) {
    throw new ProvError('copy_malformed', 'what the truth keeps of the run cannot be unpacked', { cause })
  }
}

function leanRun(run: RunArtifact): RunArtifact {
  return { ...run, object: leanObject(run.object), children: run.children.map(leanRun) }
}

function leanObject(object: JsonRecord): JsonRecord {
  const { metadata, status } = object
  return {
    ...object,
    ...(isRecord(metadata) ? { metadata: leanMetadata(metadata) } : {}),
    // What the spec holds is a part of the provenance itself, and compared with it.
    ...(status === undefined ? {} : { status: withoutEnvValues(status) }),
  }
}

function leanMetadata({ managedFields: _fields, annotations, ...rest }: JsonRecord): JsonRecord {
  if (!isRecord(annotations)) return annotations === undefined ? rest : { ...rest, annotations }
  const { [LAST_APPLIED]: _applied, ...others } = annotations
  return { ...rest, annotations: others }
}

/** References to results stay, since the order of tasks follows from them. */
function withoutEnvValues(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEnvValues)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === 'env' && Array.isArray(member) ? arrayIn(member).map(withoutValue) : withoutEnvValues(member),
    ]),
  )
}

function withoutValue(variable: unknown): unknown {
  if (!isRecord(variable) || typeof variable['value'] !== 'string') return variable
  return { ...variable, value: (variable['value'].match(/\$\([^()]*\)/g) ?? []).join('') }
}

function bytesOf(json: AboutJson): Uint8Array {
  return Buffer.from(JSON.stringify(json))
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseBounded(Buffer.from(bytes).toString('utf8'), BOUNDS)
  } catch (cause) {
    if (cause instanceof ProvError) throw cause // larger than anything that prov keeps
    throw new ProvError('copy_malformed', 'what the truth keeps is not JSON', { cause })
  }
}
