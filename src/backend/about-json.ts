/** What an entry is about, as JSON and back, the run's object included: what a delivery needs long after the input is gone. Pure. */
import { ProvError } from '../errors.ts'
import type { Artifact, ImageRef, RunArtifact, RunClaim, RunSource, Subject } from '../model/artifact.ts'
import { base64Of, bytesOf } from '../platform/text/base64.ts'
import { isRecord, type JsonRecord, textIn } from '../platform/text/guards.ts'
import type { About } from './backend.ts'

/** The form that JSON.stringify takes: About, but for the bytes of a Statement, which are base64. */
export type AboutJson = JsonRecord

/**
 * Plain data, for JSON.stringify.
 *
 * @example aboutFromJson(JSON.parse(JSON.stringify(aboutToJson(about)))) // equal to about
 */
export function aboutToJson(about: About): AboutJson {
  const { artifact } = about
  if (artifact.type !== 'statement') return { ...about }
  return { ...about, artifact: { ...artifact, payload: base64Of(artifact.payload) } }
}

/**
 * What a parsed JSON value is about. Throws `copy_malformed` for what {@link aboutToJson} does not write; unknown members are dropped.
 *
 * @example aboutFromJson(JSON.parse(text)).artifact.type // 'run'
 */
export function aboutFromJson(value: unknown): About {
  const json = recordOf(value, 'about')
  const { kind, role } = json
  if (kind !== 'dsse' && kind !== 'raw') return refuse('kind is neither dsse nor raw')
  if (role !== undefined && role !== 'signature' && role !== 'attestation') return refuse('role')
  return {
    artifact: artifactOf(recordOf(json['artifact'], 'artifact')),
    kind,
    subjects: listOf(json['subjects'], 'subjects').map(subjectOf),
    ...optionalText(json, 'format'),
    ...(role === undefined ? {} : { role }),
  }
}

function artifactOf(json: JsonRecord): Artifact {
  switch (json['type']) {
    case 'run':
      return runOf(json)
    case 'image': {
      const run = json['run']
      return {
        type: 'image',
        image: imageOf(recordOf(json['image'], 'image')),
        ...(run === undefined ? {} : { run: runOf(recordOf(run, 'run')) }),
      }
    }
    case 'statement':
      return {
        type: 'statement',
        name: textOf(json, 'name'),
        payload: bytesOf(textOf(json, 'payload')) ?? refuse('payload is not base64'),
        predicateType: textOf(json, 'predicateType'),
        subjects: listOf(json['subjects'], 'subjects').map(subjectOf),
        ...(json['run'] === 'unknown' ? { run: 'unknown' as const } : {}),
      }
    default:
      return refuse('an artifact is a run, an image or a statement')
  }
}

function runOf(json: JsonRecord): RunArtifact {
  const { source, claim } = json
  return {
    type: 'run',
    kind: kindOf(json),
    namespace: textOf(json, 'namespace'),
    name: textOf(json, 'name'),
    uid: textOf(json, 'uid'),
    object: recordOf(json['object'], 'object'),
    children: listOf(json['children'], 'children').map((child) => runOf(recordOf(child, 'a child'))),
    ...(source === undefined ? {} : { source: sourceOf(recordOf(source, 'source')) }),
    ...(claim === undefined ? {} : { claim: claimOf(recordOf(claim, 'claim')) }),
  }
}

function sourceOf(json: JsonRecord): RunSource {
  const { document, item, cluster } = json
  return {
    file: textOf(json, 'file'),
    document: indexOf(document, 'document'),
    ...(item === undefined ? {} : { item: indexOf(item, 'item') }),
    ...(cluster === undefined ? {} : { cluster: clusterOf(recordOf(cluster, 'cluster')) }),
  }
}

function clusterOf(json: JsonRecord): NonNullable<RunSource['cluster']> {
  return { server: textOf(json, 'server'), namespace: textOf(json, 'namespace'), name: textOf(json, 'name') }
}

function claimOf(json: JsonRecord): RunClaim & { readonly identity: string } {
  const names = (['uid', 'namespace', 'name', 'joined'] as const).map((name) => optionalText(json, name))
  return { kind: kindOf(json), ...Object.assign({}, ...names), identity: textOf(json, 'identity') }
}

function kindOf(json: JsonRecord): RunArtifact['kind'] {
  const { kind } = json
  return kind === 'TaskRun' || kind === 'PipelineRun' ? kind : refuse('kind is neither TaskRun nor PipelineRun')
}

function imageOf(json: JsonRecord): ImageRef {
  return { repository: textOf(json, 'repository'), digest: textOf(json, 'digest') }
}

function subjectOf(value: unknown): Subject {
  const json = recordOf(value, 'a subject')
  const digest = recordOf(json['digest'], 'digest')
  const algorithms = Object.keys(digest).map((algorithm) => [algorithm, textOf(digest, algorithm)] as const)
  return { name: textOf(json, 'name'), digest: Object.fromEntries(algorithms) }
}

function recordOf(value: unknown, what: string): JsonRecord {
  return isRecord(value) ? value : refuse(`${what} is not a JSON object`)
}

function listOf(value: unknown, what: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(`${what} is not a list`)
}

function textOf(json: JsonRecord, name: string): string {
  return textIn(json[name]) ?? refuse(`${name} is not text`)
}

function optionalText<N extends string>(json: JsonRecord, name: N): { readonly [K in N]?: string } {
  return json[name] === undefined ? {} : ({ [name]: textOf(json, name) } as { readonly [K in N]?: string })
}

function indexOf(value: unknown, what: string): number {
  return Number.isSafeInteger(value) ? Number(value) : refuse(`${what} is not a whole number`)
}

function refuse(why: string): never {
  throw new ProvError('copy_malformed', `this does not say what an entry is about, in prov's own form: ${why}`)
}
