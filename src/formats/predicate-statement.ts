/** Any predicate as a Statement about given subjects. Pure. */

import { ProvError } from '../errors.ts'
import type { StatementArtifact, Subject } from '../model/artifact.ts'
import { parseStatement } from '../model/statement.ts'
import { isRecord } from '../platform/text/guards.ts'
import { parseJson } from '../platform/text/strict-json.ts'
import { type Json, protoJson } from './tekton/values.ts'

export interface PredicateFile {
  /** File name, for messages. */
  readonly name: string
  /** JSON in UTF-8. */
  readonly bytes: Uint8Array
  /** Predicate type, a URI. */
  readonly type: string
  /** At least one. */
  readonly subjects: readonly Subject[]
}

/**
 * The Statement (v1) with this predicate about those subjects, in the serialisation of the run formats: compact, keys of the predicate
 * sorted. Throws `usage` without a subject or for a type that is not a URI, `input_invalid` for a predicate that is not a JSON object.
 *
 * @example predicateStatement({ name: 'vex.json', bytes, type: 'https://openvex.dev/ns/v0.2.0', subjects }).payload
 */
export function predicateStatement({ name, bytes, type, subjects }: PredicateFile): StatementArtifact {
  if (!URL.canParse(type)) {
    throw new ProvError('usage', `--type ${type} is not a URI`, { hint: 'e.g. --type https://openvex.dev/ns/v0.2.0' })
  }
  if (subjects.length === 0) {
    throw new ProvError('usage', '--predicate needs to know what it is about', {
      hint: 'name subjects with --image REPO@sha256:… or --subject NAME=sha256:HEX',
    })
  }
  const predicate = parseJson(name, decode(name, bytes))
  if (!isRecord(predicate)) {
    throw new ProvError('input_invalid', `${name}: the predicate is not a JSON object`, { location: name })
  }
  const text = `{"_type":"https://in-toto.io/Statement/v1","subject":[${subjects.map(subjectJson).join(',')}],"predicateType":${JSON.stringify(type)},"predicate":${protoJson(predicate as Json)}}`
  return parseStatement(name, Buffer.from(text))
}

/**
 * A subject in the spelling of the command line, `NAME=ALGORITHM:HEX`. Throws `usage`.
 *
 * @example parseSubject('app.tar.gz=sha256:9f86d0…').digest // { sha256: '9f86d0…' }
 */
export function parseSubject(text: string): Subject {
  const [, name, algorithm, hex] = /^(.+)=([a-z0-9_]+):([0-9a-f]{32,128})$/.exec(text) ?? []
  if (name === undefined || algorithm === undefined || hex === undefined || hex.length % 2 !== 0) {
    throw new ProvError('usage', `--subject ${text.slice(0, 80)} is not of the form NAME=ALGORITHM:HEX`, {
      hint: 'e.g. --subject app.tar.gz=sha256:9f86d081884c…',
    })
  }
  return { name, digest: { [algorithm]: hex } }
}

function subjectJson({ name, digest }: Subject): string {
  return `{"name":${JSON.stringify(name)},"digest":${protoJson(digest)}}`
}

function decode(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ProvError('input_invalid', `${name}: the predicate is not UTF-8 text`, { location: name })
  }
}
