/**
 * Finds the runs in YAML. Parsing a List of a thousand runs takes seconds, so block style is cut by indentation alone, as YAML
 * guarantees: nothing nested ever starts at or left of the column of its parent's key. Whatever looks unusual is parsed as a whole.
 */
import { isMap, isSeq, parseDocument, visit } from 'yaml'
import { isRecord } from '../../../src/platform/text/guards.ts'
import { valueAt } from './changes.ts'
import type { RunsText, Spot } from './cut-text.ts'
import { parseYaml } from './yaml-document.ts'

interface Range {
  readonly start: number
  readonly end: number
}

/** One run's piece of the text, before the parts are numbered. */
interface Piece extends Range {
  readonly spots: readonly Omit<Spot, 'part'>[]
}

interface Line extends Range {
  /** Column of the first character that is not a space; -1 for a blank line or a comment. */
  readonly indent: number
}

/** A member of a block mapping: where its key starts, what follows the colon, and its lines. */
interface Member {
  readonly key: string
  readonly start: number
  readonly rest: string
  readonly first: number
  readonly last: number
}

/** Cuts YAML text; throws `response_invalid` when a document that must be parsed does not. */
export function splitYaml(text: string): RunsText {
  const pieces = documentsOf(text).flatMap((document, index) => {
    return fastPieces(text, document, index) ?? [parsedPiece(text, document, index)]
  })
  const parts: string[] = []
  const spots: Spot[] = []
  let end = 0
  for (const piece of pieces) {
    parts.push(text.slice(end, piece.start), text.slice(piece.start, piece.end))
    for (const spot of piece.spots) spots.push({ ...spot, part: parts.length - 1 })
    end = piece.end
  }
  return { format: 'yaml', parts: [...parts, text.slice(end)], spots }
}

/** The documents between `---` and `...`; text without content before the first marker is none. */
function documentsOf(text: string): readonly Range[] {
  const documents: Range[] = []
  let start = text.startsWith('\uFEFF') ? 1 : 0
  let explicit = false
  const close = (end: number): void => {
    if (explicit || hasContent(text.slice(start, end))) documents.push({ start, end })
  }
  for (const marker of text.matchAll(/^(---|\.\.\.)(?=[ \t\r\n]|$)/gm)) {
    const at = marker.index
    if (explicit || at > start) close(at)
    explicit = marker[1] === '---'
    start = at + 3
  }
  close(text.length)
  return documents
}

function hasContent(text: string): boolean {
  return /^(?![ \t]*(?:#|\r?$))(?!%)./m.test(text)
}

/** By indentation; undefined when the document is not plain enough for that. */
function fastPieces(text: string, { start, end }: Range, document: number): readonly Piece[] | undefined {
  const lines = linesOf(text, start, end)
  if (lines === undefined) return undefined
  const members = mappingOf(text, lines, 0, lines.length, 0)
  if (members === undefined) return undefined
  const items = members.find((member) => member.key === 'items')
  if (items === undefined) return pieceOf(text, lines, members, { document })
  if (items.rest === '[]') return []
  if (items.rest !== '') return undefined
  const pieces: Piece[] = []
  for (const [item, range] of (sequenceOf(text, lines, items) ?? [undefined]).entries()) {
    if (range === undefined) return undefined
    const inner = mappingOf(text, lines, range.first, range.last + 1, range.column, range.offset)
    const piece = inner === undefined ? undefined : pieceOf(text, lines, inner, { document, item })
    if (piece === undefined) return undefined
    pieces.push(...piece)
  }
  return pieces
}

/** undefined when a line starts with a tab, or shares the line of the document marker. */
function linesOf(text: string, start: number, end: number): readonly Line[] | undefined {
  const lines: Line[] = []
  for (let at = start; at < end; ) {
    const newline = text.indexOf('\n', at)
    const stop = newline === -1 || newline >= end ? end : newline + 1
    let first = at
    while (text[first] === ' ' && first < stop) first++
    const c = first < stop ? text[first] : '\n'
    const empty = c === '\n' || c === '\r' || c === '#'
    if (c === '\t' || c === '%') return undefined
    if (!empty && at === start && start >= 3 && text.startsWith('---', start - 3)) return undefined
    lines.push({ start: at, end: stop, indent: empty ? -1 : first - at })
    at = stop
  }
  return lines
}

const KEY = /^(?:([A-Za-z_][\w./-]*)|"([^"\\\r\n]*)"|'([^'\r\n]*)') *:(?= |$)/
/** What no line of a mapping that is edited here holds within. */
const BREAKS = /[\r\n\u2028\u2029]/

/** The members of the block mapping at `column` in lines [from, to). `offset`: where the first one starts, after a dash. */
function mappingOf(
  text: string,
  lines: readonly Line[],
  from: number,
  to: number,
  column: number,
  offset?: number,
): readonly Member[] | undefined {
  const known = new Set<string>()
  const members: { key: string; start: number; rest: string; first: number; last: number }[] = []
  for (let i = from; i < to; i++) {
    const line = lines[i]
    if (line === undefined) return undefined
    const dashed = i === from && offset !== undefined
    if (!dashed && line.indent === -1) continue
    const start = dashed ? offset : line.start + line.indent
    const last = members.at(-1)
    if (!dashed && line.indent > column) {
      if (last === undefined) return undefined
      last.last = i
      continue
    }
    if (!dashed && line.indent < column) return undefined
    if (last !== undefined && text[start] === '-' && text[start + 1] === ' ' && last.rest === '') {
      last.last = i
      continue
    }
    const whole = text.slice(start, line.end).trimEnd()
    const match = KEY.exec(whole)
    const key = match?.[1] ?? match?.[2] ?? match?.[3]
    if (match === null || key === undefined || known.has(key)) return undefined
    const rest = whole.slice(match[0].length).replace(/^ +/, '')
    if (BREAKS.test(rest)) return undefined
    known.add(key)
    members.push({ key, start, rest: rest.startsWith('#') ? '' : rest, first: i, last: i })
  }
  return members
}

interface SequenceItem {
  readonly first: number
  readonly last: number
  readonly column: number
  readonly offset: number
}

/** The items of the block sequence that is the value of `member`. */
function sequenceOf(text: string, lines: readonly Line[], member: Member): readonly SequenceItem[] | undefined {
  const items: { first: number; last: number; column: number; offset: number }[] = []
  let dash = -1
  for (let i = member.first + 1; i <= member.last; i++) {
    const line = lines[i]
    if (line === undefined) return undefined
    if (line.indent === -1) continue
    if (dash === -1) dash = line.indent
    if (line.indent < dash) return undefined
    const last = items.at(-1)
    if (line.indent > dash && last !== undefined) {
      last.last = i
      continue
    }
    const at = line.start + dash
    const gap = /^-( +)[^\s#]/.exec(text.slice(at, at + 20))?.[1]?.length
    if (gap === undefined) return undefined
    items.push({ first: i, last: i, column: dash + 1 + gap, offset: at + 1 + gap })
  }
  return items
}

/** The metadata among the members of a run; [] when there is no uid, so no run. */
function pieceOf(
  text: string,
  lines: readonly Line[],
  members: readonly Member[],
  where: { readonly document: number; readonly item?: number },
): readonly Piece[] | undefined {
  const metadata = members.find((member) => member.key === 'metadata')
  if (metadata === undefined) return []
  const child = lines.slice(metadata.first + 1, metadata.last + 1).find((line) => line.indent !== -1)
  if (metadata.rest !== '' || child === undefined) return undefined
  const inner = mappingOf(text, lines, metadata.first + 1, metadata.last + 1, child.indent)
  if (inner === undefined) return undefined
  const uid = inner.find((member) => member.key === 'uid')
  if (uid === undefined) return []
  const value = /^(?:"([\w.-]+)"|'([\w.-]+)'|([A-Za-z0-9][\w.-]*))(?: +#.*)?$/.exec(uid.rest)
  const name = value?.[1] ?? value?.[2] ?? value?.[3]
  const end = lines[metadata.last]?.end
  if (name === undefined || end === undefined) return undefined
  if (hasAnchors(text.slice(metadata.start, end))) return undefined
  return [{ start: metadata.start, end, spots: [{ uid: name, path: ['metadata'], ...where }] }]
}

function hasAnchors(text: string): boolean {
  if (!/(?:^|[\s[{,])[&*]\S/.test(text)) return false
  const document = parseDocument(text, { logLevel: 'silent' })
  let found = document.errors.length > 0
  visit(document, {
    Alias: () => {
      found = true
      return visit.BREAK
    },
    Value: (_, node) => {
      if (node.anchor === undefined) return undefined
      found = true
      return visit.BREAK
    },
  })
  return found
}

/** The whole document as one piece, with every run in it. */
function parsedPiece(text: string, { start, end }: Range, index: number): Piece {
  const { document, value } = parseYaml(text.slice(start, end))
  const root = document.contents
  const paths: (string | number)[][] = []
  if (isMap(root)) {
    const items = root.get('items')
    if (isSeq(items)) for (const i of items.items.keys()) paths.push(['items', i, 'metadata'])
    else paths.push(['metadata'])
  }
  const spots = paths.flatMap((path) => {
    const metadata = valueAt(value, path)
    const uid = isRecord(metadata) ? metadata['uid'] : undefined
    if (typeof uid !== 'string') return []
    return [{ uid, path, document: index, ...(path.length === 3 ? { item: Number(path[1]) } : {}) }]
  })
  return { start, end, spots }
}
