/** What a Statement says was built, and from what: for readers of a report, never for a verdict. Pure. */
import { readStatement } from '../model/statement.ts'

/** Each member is absent where the provenance does not state it. */
export interface Built {
  /** The id of the builder. */
  readonly builder?: string
  /** The source, as `uri@digest` where it has one. */
  readonly source?: string
}

type Json = Readonly<Record<string, unknown>>

/**
 * Of SLSA v0.2 and v1 provenance; undefined for any other payload, and where neither is stated.
 *
 * @example builtOf(entry.payload)?.builder // 'https://tekton.dev/chains/v2'
 */
export function builtOf(payload: Uint8Array): Built | undefined {
  const statement = readStatement(payload)
  if (statement === undefined) return undefined
  const predicate = record(statement.predicate)
  const details = record(predicate['runDetails'])
  const builder = record(predicate['builder'])['id'] ?? record(details['builder'])['id']
  const listed = [predicate['materials'], record(predicate['buildDefinition'])['resolvedDependencies']].flatMap(list)
  const configured = record(record(predicate['invocation'])['configSource'])
  const source = [...listed, configured]
    .map(record)
    .find(({ uri }) => typeof uri === 'string' && /^git\+|\.git\b/.test(uri))
  const built = {
    ...(typeof builder === 'string' && builder !== '' ? { builder } : {}),
    ...(source === undefined ? {} : { source: sourceText(source) }),
  }
  return Object.keys(built).length === 0 ? undefined : built
}

function sourceText({ uri, digest }: Json): string {
  const [hash] = Object.values(record(digest))
  return typeof hash === 'string' && !String(uri).includes(hash) ? `${uri}@${hash}` : String(uri)
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}
