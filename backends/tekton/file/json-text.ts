/** Runs in JSON text: finds their metadata and changes annotations there, leaving order, indentation and every other byte. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { ProvError } from '../../../src/errors.ts'
import { isRecord } from '../../../src/platform/text/guards.ts'
import { type Annotations, NAME } from '../layout.ts'
import { annotationsIn, changedMetadata } from './changes.ts'
import type { Changes, RunsText, Spot } from './cut-text.ts'

interface Range {
  readonly start: number
  readonly end: number
}

interface Member extends Range {
  readonly key: string
  /** Where the quoted key starts; `start` and `end` are the value's. */
  readonly keyStart: number
}

/** Cuts JSON text at the metadata of its runs; undefined when it is not JSON. */
export function splitJson(text: string): RunsText | undefined {
  const bom = text.startsWith('\uFEFF') ? 1 : 0
  const value = parsed(text.slice(bom))
  if (!isRecord(value)) return undefined
  const root = { start: skipSpace(text, bom), end: text.trimEnd().length }
  const items = memberOf(text, root, 'items')
  const objects = items === undefined || text[items.start] !== '[' ? [root] : elementsOf(text, items)
  const isList = items !== undefined
  const parts: string[] = []
  const spots: Spot[] = []
  let end = 0
  for (const [item, object] of objects.entries()) {
    const metadata = text[object.start] === '{' ? memberOf(text, object, 'metadata') : undefined
    if (metadata === undefined) continue
    const part = text.slice(metadata.start, metadata.end)
    const own = parsed(part)
    const uid = isRecord(own) ? own['uid'] : undefined
    if (typeof uid !== 'string') continue
    parts.push(text.slice(end, metadata.start), part)
    spots.push({ uid, part: parts.length - 1, path: [], document: 0, ...(isList ? { item } : {}) })
    end = metadata.end
  }
  return { format: 'json', parts: [...parts, text.slice(end)], spots }
}

/** The annotations in the text of a metadata object. */
export function annotationsInJson(metadata: string): Annotations {
  return annotationsIn(parsed(metadata))
}

/**
 * The text of a metadata object with its annotations changed.
 *
 * @example editJson('{"name": "x"}', { a: 'b' }) // '{"annotations": {"a": "b"}, "name": "x"}'
 */
export function editJson(metadata: string, changes: Changes): string {
  const value = parsed(metadata)
  const wanted = changedMetadata(value, changes)
  let text = metadata
  const whole = (): Range => ({ start: 0, end: text.length })
  const style = styleOf(text)
  const old = memberOf(text, whole(), 'annotations')
  if (old === undefined) text = insert(text, whole(), 'annotations', '{}', style, 1)
  else if (text[old.start] !== '{') text = `${text.slice(0, old.start)}{}${text.slice(old.end)}`
  for (const [name, to] of Object.entries(changes).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const map = memberOf(text, whole(), 'annotations')
    if (map === undefined) break
    const known = memberOf(text, map, name)
    if (known === undefined) {
      if (to !== undefined) text = insert(text, map, name, JSON.stringify(to), style, 2)
    } else if (to === undefined) text = cut(text, map, known)
    else text = text.slice(0, known.start) + JSON.stringify(to) + text.slice(known.end)
  }
  const after = parsed(text)
  if (!isDeepStrictEqual(changedMetadata(after, {}), wanted)) {
    throw new ProvError('internal', 'an edit of JSON changed more than annotations', {
      backend: NAME,
      operation: 'put',
    })
  }
  return text
}

/** A List of these runs, indented by four as kubectl writes it. */
export function createJson(runs: readonly object[]): string {
  return `${JSON.stringify({ apiVersion: 'v1', items: runs, kind: 'List' }, null, 4)}\n`
}

/** The text with these runs more in its List; undefined when it is none. */
export function appendJson(text: string, runs: readonly object[]): string | undefined {
  const start = skipSpace(text, text.startsWith('\uFEFF') ? 1 : 0)
  const items = memberOf(text, { start, end: text.trimEnd().length }, 'items')
  if (items === undefined || text[items.start] !== '[') return undefined
  const last = elementsOf(text, items).at(-1)
  const at = last?.end ?? items.start + 1
  const indent = '    '
  const lines = runs.map((run) => JSON.stringify(run, null, 4).replaceAll('\n', `\n${indent}${indent}`))
  const joined = lines.map((line) => `\n${indent}${indent}${line}`).join(',')
  const tail = last === undefined ? `\n${indent}` : ''
  return `${text.slice(0, at)}${last === undefined ? '' : ','}${joined}${tail}${text.slice(at)}`
}

/** White space as this object uses it. */
interface Style {
  /** Before a member of the metadata: `\n        `, or nothing. */
  readonly before: string
  /** Before the closing brace of the metadata. */
  readonly close: string
  readonly step: string
  readonly colon: string
  readonly comma: string
}

function styleOf(text: string): Style {
  const [first, second] = membersOf(text, { start: 0, end: text.length })
  if (first === undefined) return { before: '', close: '', step: '', colon: ':', comma: ',' }
  const before = text.slice(1, first.keyStart)
  const colon = text.slice(endOfString(text, first.keyStart), first.start)
  const close = text.slice(text.slice(0, -1).trimEnd().length, -1)
  const step = before.includes('\n') && before.startsWith(close) ? before.slice(close.length) : ''
  const comma =
    second === undefined
      ? `,${before === '' && colon.length > 1 ? ' ' : before}`
      : text.slice(first.end, second.keyStart)
  return { before, close, step: step === '' && before.includes('\n') ? '  ' : step, colon, comma }
}

/** A new member, before the first one that sorts after it, else at the end. `depth` 1: of the metadata, 2: of its annotations. */
function insert(text: string, object: Range, key: string, value: string, style: Style, depth: 1 | 2): string {
  const member = `${JSON.stringify(key)}${style.colon}${value}`
  const members = membersOf(text, object)
  const broken = style.before.includes('\n')
  const before = broken && depth === 2 ? style.before + style.step : style.before
  const last = members.at(-1)
  if (last === undefined) {
    const close = broken ? (depth === 2 ? style.before : style.close) : style.close
    return `${text.slice(0, object.start)}{${before}${member}${close}}${text.slice(object.end)}`
  }
  const next = members.find((m) => m.key > key)
  const separator = broken ? `,${before}` : style.comma
  if (next === undefined) return `${text.slice(0, last.end)}${separator}${member}${text.slice(last.end)}`
  return `${text.slice(0, next.keyStart)}${member}${separator}${text.slice(next.keyStart)}`
}

/** Without one member, and one comma. */
function cut(text: string, object: Range, member: Member): string {
  const members = membersOf(text, object)
  const index = members.findIndex((m) => m.keyStart === member.keyStart)
  const next = members[index + 1]
  const previous = members[index - 1]
  if (next !== undefined) return text.slice(0, member.keyStart) + text.slice(next.keyStart)
  if (previous !== undefined) return text.slice(0, previous.end) + text.slice(member.end)
  return `${text.slice(0, object.start)}{}${text.slice(object.end)}`
}

/** The last member of that name, which is the one JSON readers take. */
function memberOf(text: string, object: Range, key: string): Member | undefined {
  return membersOf(text, object).findLast((member) => member.key === key)
}

// The scanners below walk text that is known to parse, so they need not look for errors; none of them recurses.

function membersOf(text: string, object: Range): readonly Member[] {
  const members: Member[] = []
  let at = skipSpace(text, object.start + 1)
  while (text[at] === '"') {
    const keyEnd = endOfString(text, at)
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const end = endOfValue(text, start)
    members.push({ key: String(JSON.parse(text.slice(at, keyEnd))), keyStart: at, start, end })
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return members
}

function elementsOf(text: string, array: Range): readonly Range[] {
  const elements: Range[] = []
  let at = skipSpace(text, array.start + 1)
  while (text[at] !== ']') {
    const end = endOfValue(text, at)
    elements.push({ start: at, end })
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return elements
}

function endOfValue(text: string, start: number): number {
  let depth = 0
  let at = start
  do {
    const c = text[at]
    if (c === '"') {
      at = endOfString(text, at)
      continue
    }
    if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']') depth--
    else if (depth === 0) {
      while (/[^\s,\]}]/.test(text[at] ?? ' ')) at++
      return at
    }
    at++
  } while (depth > 0)
  return at
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
}

function skipSpace(text: string, at: number): number {
  let to = at
  while (text[to] === ' ' || text[to] === '\n' || text[to] === '\r' || text[to] === '\t') to++
  return to
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
