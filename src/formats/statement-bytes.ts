/** A Statement as the bytes that are signed: protojson's member order, compact (chains pkg/chains/signing.go getRawPayload). Pure. */
import type { RunArtifact, Subject } from '../model/artifact.ts'
import { invalidRun } from './tekton/run-view.ts'
import { type Json, protoJson } from './tekton/values.ts'

export interface StatementParts {
  readonly type: string
  readonly subjects: readonly Subject[]
  readonly predicateType: string
  readonly predicate: Json
}

/**
 * The payload of a run. Chains itself puts a space after each comma or not, depending on its build; prov never does. Throws `input_invalid`
 * when a text of the run is not valid Unicode.
 */
export function statementBytes(run: RunArtifact, parts: StatementParts): Uint8Array {
  const subjects = parts.subjects.map(({ name, digest }) => {
    const members = [
      ...(name === '' ? [] : [`"name":${JSON.stringify(name)}`]),
      ...(Object.keys(digest).length === 0 ? [] : [`"digest":${protoJson(digest)}`]),
    ]
    return `{${members.join(',')}}`
  })
  const members = [
    `"_type":${JSON.stringify(parts.type)}`,
    ...(subjects.length === 0 ? [] : [`"subject":[${subjects.join(',')}]`]),
    `"predicateType":${JSON.stringify(parts.predicateType)}`,
    `"predicate":${protoJson(parts.predicate)}`,
  ]
  const text = `{${members.join(',')}}`
  // JSON.stringify escapes half a surrogate pair; every other escape of that form stands for a control character.
  if (/\\u[dD][89a-fA-F]/.test(text.replaceAll('\\\\', ''))) {
    throw invalidRun(run, 'one of its texts is not Unicode (half a surrogate pair)', 'a payload must be UTF-8')
  }
  return Buffer.from(text, 'utf8')
}
