/**
 * Changes annotations in YAML text. The change is spliced into the text, so that every other byte stays; then the result is parsed and
 * compared as data. Where a splice does not survive that (aliases, exotic styles) the document is written anew by the YAML library.
 */
import { isDeepStrictEqual } from 'node:util'
import { type Document, isAlias, isMap, isScalar, type Pair, visit, type YAMLMap } from 'yaml'
import { ProvError } from '../../../src/errors.ts'
import { type Annotations, NAME } from '../layout.ts'
import { annotationsIn, changedMetadata, valueAt, withAt } from './changes.ts'
import type { Changes } from './runs-text.ts'
import { type ParsedYaml, parseYaml } from './yaml-document.ts'

type Path = readonly (string | number)[]

/** The annotations of the metadata at `path`. */
export function annotationsInYaml({ value }: ParsedYaml, path: Path): Annotations {
  return annotationsIn(valueAt(value, path))
}

/** Edited text, and what it parses to. */
export interface EditedYaml {
  readonly text: string
  readonly parsed: ParsedYaml
}

/**
 * `text`, which parses to `parsed`, with the annotations of the metadata at `path` changed. Throws `not_supported` when no edit leaves the
 * rest of the document as it means now.
 *
 * @example editYaml(text, parseYaml(text), ['metadata'], { a: 'b' }).text // 'metadata:\n  annotations:\n    a: "b"\n  name: x\n'
 */
export function editYaml(text: string, parsed: ParsedYaml, path: Path, changes: Changes): EditedYaml {
  const { document, value } = parsed
  const wanted = withAt(value, path, changedMetadata(valueAt(value, path), changes))
  const ways = [
    () => splice(text, document, path, changes),
    () => rewrite(text, document, path, valueAt(wanted, [...path, 'annotations']), changes),
  ]
  for (const way of ways) {
    const made = way()
    const after = made === undefined ? undefined : meaning(made, wanted, path)
    if (made !== undefined && after !== undefined) return { text: made, parsed: after }
  }
  throw new ProvError('not_supported', 'the annotations of this YAML cannot be changed without changing more', {
    backend: NAME,
    operation: 'put',
    hint: 'write the run without anchors and aliases, or name another file with --tekton-file',
  })
}

/** The text parsed, if it means what is wanted. An empty map of annotations and none at all mean the same. */
function meaning(text: string, wanted: unknown, path: Path): ParsedYaml | undefined {
  try {
    const parsed = parseYaml(text)
    const { value } = parsed
    const same = isDeepStrictEqual(withAt(value, path, changedMetadata(valueAt(value, path), {})), wanted)
    return same ? parsed : undefined
  } catch {
    return undefined
  }
}

interface Edit {
  readonly at: number
  readonly end: number
  readonly text: string
}

/** undefined where only rewriting helps. */
function splice(text: string, document: Document, path: Path, changes: Changes): string | undefined {
  const metadata = document.getIn(path)
  if (!isMap(metadata)) return undefined
  const pair = metadata.items.find((item) => isScalar(item.key) && item.key.value === 'annotations')
  const edits = pair === undefined ? newMap(text, metadata, changes) : intoPair(text, metadata, pair, changes)
  if (edits === undefined) return undefined
  let result = text
  for (const edit of [...edits].sort((a, b) => b.at - a.at)) {
    result = result.slice(0, edit.at) + edit.text + result.slice(edit.end)
  }
  return result
}

function newMap(text: string, metadata: YAMLMap, changes: Changes): readonly Edit[] | undefined {
  const set = additions(changes)
  if (set.length === 0) return []
  if (metadata.flow === true) return [intoFlow(metadata, `"annotations": {${flowPairs(set)}}`)]
  const first = startOf(metadata.items[0]?.key)
  if (first === undefined) return undefined
  const indent = ' '.repeat(column(text, first))
  const deeper = indent + ' '.repeat(step(text, metadata))
  const lines = ['annotations:', ...set.map(([name, value]) => `${deeper}${blockPair(name, value)}`)]
  return [insertion(first, lines.map((line) => line + eol(text)).join('') + indent)]
}

function intoPair(text: string, metadata: YAMLMap, pair: Pair, changes: Changes): readonly Edit[] | undefined {
  const { value } = pair
  if (isMap(value)) return value.flow === true ? intoFlowMap(value, changes) : intoBlockMap(text, pair, value, changes)
  // `annotations:` with nothing, ~ or null
  const key = startOf(pair.key)
  if (!isScalar(value) || value.value !== null || key === undefined || metadata.flow === true || !value.range)
    return undefined
  const set = additions(changes)
  if (set.length === 0) return []
  const deeper = ' '.repeat(column(text, key) + step(text, metadata))
  const [start, end] = value.range
  const lines = set.map(([name, text1]) => `${deeper}${blockPair(name, text1)}${eol(text)}`).join('')
  return [{ at: start, end, text: '' }, insertion(lineEnd(text, end), lines)]
}

function intoFlowMap(map: YAMLMap, changes: Changes): readonly Edit[] | undefined {
  const edits: Edit[] = []
  for (const name of Object.keys(changes)) {
    const old = map.items.find((item) => keyOf(item) === name)
    const value = changes[name]
    if (old !== undefined && (value === undefined || !isScalar(old.value) || !old.value.range)) return undefined
    if (old !== undefined && isScalar(old.value) && old.value.range) {
      edits.push({ at: old.value.range[0], end: old.value.range[1], text: JSON.stringify(value) })
    }
  }
  const set = additions(changes).filter(([name]) => !map.items.some((item) => keyOf(item) === name))
  return set.length === 0 ? edits : [...edits, intoFlow(map, flowPairs(set))]
}

function intoBlockMap(text: string, pair: Pair, map: YAMLMap, changes: Changes): readonly Edit[] | undefined {
  const first = startOf(map.items[0]?.key)
  if (first === undefined) return undefined
  const left = map.items.filter((item) => changes[keyOf(item)] !== undefined || !Object.hasOwn(changes, keyOf(item)))
  const fresh = additions(changes).filter(([name]) => !map.items.some((item) => keyOf(item) === name))
  if (left.length === 0 && fresh.length === 0) return removal(text, pair)
  const indent = ' '.repeat(column(text, first))
  const edits: Edit[] = []
  for (const item of map.items) {
    const name = keyOf(item)
    if (!Object.hasOwn(changes, name)) continue
    const value = changes[name]
    const edit = value === undefined ? removal(text, item) : replacement(text, item, value)
    if (edit === undefined) return undefined
    edits.push(...edit)
  }
  const inserts = new Map<number, string>()
  for (const [name, value] of fresh) {
    const next = map.items.find((item) => keyOf(item) > name)
    const at = next === undefined ? endOf(text, map.items.at(-1)) : lineStart(text, startOf(next.key) ?? first)
    if (at === undefined) return undefined
    const missing = at > 0 && text[at - 1] !== '\n' ? eol(text) : ''
    inserts.set(at, `${inserts.get(at) ?? missing}${indent}${blockPair(name, value)}${eol(text)}`)
  }
  return [...edits, ...[...inserts].map(([at, lines]) => insertion(at, lines))]
}

function replacement(text: string, pair: Pair, value: string): readonly Edit[] | undefined {
  if (!isScalar(pair.value) || !pair.value.range) return undefined
  const [start, end] = pair.value.range
  const block = text.slice(start, end).endsWith('\n')
  return [{ at: start, end, text: `${start === end ? ' ' : ''}${scalar(value)}${block ? eol(text) : ''}` }]
}

/** From the start of the key's line to the end of the value's last line. */
function removal(text: string, pair: Pair): readonly Edit[] | undefined {
  const key = startOf(pair.key)
  const end = endOf(text, pair)
  if (key === undefined || end === undefined) return undefined
  return [{ at: lineStart(text, key), end, text: '' }]
}

function endOf(text: string, pair: Pair | undefined): number | undefined {
  const value = pair?.value
  const end = isMap(value) ? endOf(text, value.items.at(-1)) : isScalar(value) ? value.range?.[1] : undefined
  return end === undefined ? undefined : lineEnd(text, end)
}

/** Where the next line starts; `at` itself when it is the start of a line already. */
function lineEnd(text: string, at: number): number {
  if (at > 0 && text[at - 1] === '\n') return at
  const newline = text.indexOf('\n', at)
  return newline === -1 ? text.length : newline + 1
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1
}

function column(text: string, at: number): number {
  return at - lineStart(text, at)
}

/** How much deeper a map stands than its key, as elsewhere in this metadata. */
function step(text: string, metadata: YAMLMap): number {
  for (const { key, value } of metadata.items) {
    const outer = startOf(key)
    const inner = isMap(value) && value.flow !== true ? startOf(value.items[0]?.key) : undefined
    if (outer !== undefined && inner !== undefined) return Math.max(1, column(text, inner) - column(text, outer))
  }
  return 2
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) ? node.range?.[0] : undefined
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : ''
}

function intoFlow(map: YAMLMap, pairs: string): Edit {
  return insertion((map.range?.[0] ?? 0) + 1, map.items.length === 0 ? pairs : `${pairs}, `)
}

function insertion(at: number, text: string): Edit {
  return { at, end: at, text }
}

function additions(changes: Changes): readonly (readonly [string, string])[] {
  const set = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return set.sort(([a], [b]) => (a < b ? -1 : 1))
}

function flowPairs(set: readonly (readonly [string, string])[]): string {
  return set.map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(', ')
}

function blockPair(name: string, value: string): string {
  return `${/^[A-Za-z][\w./-]*$/.test(name) ? name : JSON.stringify(name)}: ${scalar(value)}`
}

/** Plain only where no YAML reader, 1.1 or 1.2, can take it for anything but a string. */
function scalar(value: string): string {
  return /^[A-Za-z][A-Za-z0-9+/]{8,}={0,2}$/.test(value) ? value : JSON.stringify(value)
}

function eol(text: string): string {
  const newline = text.indexOf('\n')
  return newline > 0 && text[newline - 1] === '\r' ? '\r\n' : '\n'
}

/** By the library: aliases are written out, comments stay, indentation and folding become the library's own. */
function rewrite(text: string, source: Document, path: Path, annotations: unknown, changes: Changes): string {
  const document = source.clone()
  visit(document, { Alias: (_, alias) => alias.resolve(source)?.clone() as undefined })
  visit(document, {
    Value: (_, node) => {
      if (!isAlias(node)) delete node.anchor
    },
  })
  const place = [...path, 'annotations']
  if (isMap(document.getIn(place))) {
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) document.deleteIn([...place, name])
      else document.setIn([...place, name], value)
    }
  } else if (annotations !== undefined) document.setIn(place, document.createNode(annotations))
  else document.deleteIn(place)
  const written = document.toString({ lineWidth: 0 })
  return eol(text) === '\r\n' ? written.replaceAll('\n', '\r\n') : written
}
