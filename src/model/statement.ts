/** in-toto Statements: read from files to be signed as they are, and from stored copies. Pure. */

import { ProvError } from '../errors.ts'
import { parseBounded } from '../platform/text/bounded-json.ts'
import { isRecord } from '../platform/text/guards.ts'
import { parseJson } from '../platform/text/strict-json.ts'
import type { StatementArtifact, Subject } from './artifact.ts'

/** The members of a Statement, whatever its predicate. */
export interface Statement {
  /** `https://in-toto.io/Statement/v0.1` or `…/v1`. */
  readonly type: string
  readonly predicateType: string
  /** A name is '' where the Statement has none; a digest is {}. */
  readonly subjects: readonly Subject[]
  /** undefined when absent. */
  readonly predicate: unknown
}

const TYPES = /^https:\/\/in-toto\.io\/Statement\/v(0\.1|1(\.\d+)?)$/

/**
 * The Statement in a stored payload, or undefined when the bytes are not a Statement: not JSON, nested too deeply, another type, or subjects
 * that are not valid.
 *
 * @example readStatement(entry.payload)?.predicateType // 'https://slsa.dev/provenance/v0.2'
 */
export function readStatement(payload: Uint8Array): Statement | undefined {
  const before = statements.get(payload)
  if (before !== undefined) return before
  const read = look(payload)
  if (typeof read === 'string') return undefined
  statements.set(payload, read)
  return read
}

/** A payload does not change once it was read, and several judges ask what it says. */
const statements = new WeakMap<Uint8Array, Statement>()

/**
 * A Statement file as an artifact; its payload is the file, byte for byte. Throws `input_invalid` naming what is wrong: not JSON in
 * UTF-8, a key given twice, no in-toto Statement v0.1 or v1, no predicate type, or no subject with a digest.
 *
 * @example parseStatement('vex.json', bytes).predicateType // 'https://openvex.dev/ns/v0.2.0'
 */
export function parseStatement(name: string, bytes: Uint8Array): StatementArtifact {
  const refuse = (what: string, hint: string): never => {
    throw new ProvError('input_invalid', `${name}: ${what}`, { location: name, hint })
  }
  const text = decode(bytes) ?? refuse('not UTF-8 text', 'a Statement is a JSON file in UTF-8')
  parseJson(name, text) // names repeats and syntax errors by line
  const read = look(bytes)
  if (typeof read === 'string')
    return refuse(read, 'give an in-toto Statement (v0.1 or v1), not an envelope or a predicate alone')
  if (read.subjects.length === 0) return refuse('the Statement has no subject', 'a Statement names what it is about')
  const bare = read.subjects.findIndex((subject) => Object.keys(subject.digest).length === 0)
  if (bare >= 0) return refuse(`subject[${bare}] has no digest`, 'every subject needs at least one digest')
  return { type: 'statement', name, payload: bytes, predicateType: read.predicateType, subjects: read.subjects }
}

/** A Statement, or why it is none. */
function look(bytes: Uint8Array): Statement | string {
  const text = decode(bytes)
  if (text === undefined) return 'not UTF-8 text'
  let value: unknown
  try {
    value = parseBounded(text)
  } catch (thrown) {
    return thrown instanceof ProvError ? thrown.message : 'not JSON'
  }
  if (!isRecord(value)) return 'not a JSON object'
  const type = value['_type']
  if (typeof type !== 'string' || !TYPES.test(type)) return 'its _type is not that of an in-toto Statement'
  const predicateType = value['predicateType']
  if (typeof predicateType !== 'string' || predicateType === '') return 'it has no predicateType'
  const subjects = subjectsOf(value['subject'])
  if (typeof subjects === 'string') return subjects
  return { type, predicateType, subjects, predicate: value['predicate'] }
}

function subjectsOf(value: unknown): readonly Subject[] | string {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return 'its subject is not a list'
  const subjects: Subject[] = []
  for (const [i, item] of value.entries()) {
    if (!isRecord(item)) return `subject[${i}] is not an object`
    const name = item['name'] ?? ''
    const digest = item['digest'] ?? {}
    if (typeof name !== 'string') return `subject[${i}].name is not a string`
    if (!isRecord(digest) || !Object.values(digest).every((hex) => typeof hex === 'string')) {
      return `subject[${i}].digest is not an object of strings`
    }
    subjects.push({ name, digest: digest as Readonly<Record<string, string>> })
  }
  return subjects
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes)
  } catch {
    return undefined
  }
}
