/**
 * YAML as an input, one or several documents, read as kubectl reads it and held to what JSON can say: no key twice, no tag of its own, no
 * alias bomb, no nesting without end. The parser is loaded with this file, and this file only when there is YAML to read.
 */
import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  type YAMLMap,
} from 'yaml'
import { ProvError } from '../../errors.ts'
import { isRecord } from './guards.ts'
import { brokenText, MAX_DEPTH, tooDeep } from './strict-json.ts'
import { plainValue } from './yaml-scalar.ts'

/** The most values that a stream may hold once its aliases are written out. */
const MAX_VALUES = 2_000_000

export interface YamlOptions {
  /** `typed`: numbers, booleans and nulls as kubectl reads them. `text`: every scalar is the text as it was written. */
  readonly scalars: 'typed' | 'text'
  /** The most values that a document may hold once its aliases are written out. */
  readonly maxValues: number
}

const TYPED: YamlOptions = { scalars: 'typed', maxValues: MAX_VALUES }

/** What is not valid in a stream, and where. The message may quote the text. */
export class YamlError extends ProvError {
  readonly line: number
  readonly column: number
  /** In the words of the YAML library, e.g. `DUPLICATE_KEY`. */
  readonly kind: string

  constructor(message: string, kind: string, at: { readonly line: number; readonly col: number }, location: string) {
    super('input_invalid', message, { location, hint: 'compare it with what kubectl get -o yaml prints' })
    this.line = at.line
    this.column = at.col
    this.kind = kind
  }
}

/**
 * The documents of a stream, in order, empty ones as null. Throws {@link YamlError} (`input_invalid`) with the line, or `input_too_large`.
 *
 * @example parseYaml('a.yaml', 'a: 1\n---\nb: yes\n') // [{ a: 1 }, { b: true }]
 */
export function parseYaml(name: string, text: string, options: YamlOptions = TYPED): readonly unknown[] {
  const lines = new LineCounter()
  const tokens = checked(name, lines, tokensOf(name, lines, text))
  // Every scalar comes as its text; what it means is decided here. Repeats are found here too: the parser's own check is quadratic.
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, merge: false, version: '1.2' })
  const documents: unknown[] = []
  for (const document of composer.compose(tokens)) {
    const error = document.errors[0]
    if (error !== undefined) throw invalid(name, lines, error.pos[0], `not valid YAML: ${error.message}`, error.code)
    documents.push(read(name, lines, document, options))
  }
  return documents
}

/**
 * The parser's tokens, its lexer watched: brackets, or dashes of one line, that nest too deep end the reading at once, for the parser shows
 * a document only when all of it is read. (Nesting by indentation alone costs a byte more with every level, so it stays small.)
 */
function* tokensOf(name: string, lines: LineCounter, text: string): Iterable<CST.Token> {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  let brackets = 0
  let indicators = 0
  let isText = false
  for (const lexeme of new Lexer().lex(text)) {
    if (isText) isText = false
    else if (lexeme === '\u001f') isText = true
    else if (lexeme === '[' || lexeme === '{') brackets++
    else if (lexeme === ']' || lexeme === '}') brackets = Math.max(0, brackets - 1)
    else if (lexeme === '---' || lexeme === '...') brackets = 0
    else if (lexeme === '\n' || lexeme === '\r\n') indicators = 0
    else if (brackets === 0 && (lexeme === '-' || lexeme === '?' || lexeme === ':')) indicators++
    if (brackets > MAX_DEPTH || indicators > MAX_DEPTH) throw tooDeep(name)
    yield* parser.next(lexeme)
  }
  yield* parser.end()
}

/** Passes tokens on whose nesting is within the limit, so that no recursive reader behind it can run out of stack; stops at the first error. */
function* checked(name: string, lines: LineCounter, tokens: Iterable<CST.Token>): Iterable<CST.Token> {
  for (const token of tokens) {
    if (token.type === 'error')
      throw invalid(name, lines, token.offset, `not valid YAML: ${token.message}`, 'UNEXPECTED_TOKEN')
    const open: { token: CST.Token; depth: number }[] = [{ token, depth: 0 }]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { token: at, depth } = next
      if (depth > MAX_DEPTH) throw tooDeep(name)
      if (at.type === 'document' && at.value !== undefined) open.push({ token: at.value, depth })
      if (!('items' in at)) continue
      for (const item of at.items) {
        if (item.key !== undefined && item.key !== null) open.push({ token: item.key, depth: depth + 1 })
        if (item.value !== undefined) open.push({ token: item.value, depth: depth + 1 })
      }
    }
    yield token
  }
}

interface Made {
  readonly value: unknown
  /** Values in it, aliases written out. */
  readonly weight: number
  readonly depth: number
}

function read(
  name: string,
  lines: LineCounter,
  document: Document.Parsed | Document,
  { scalars, maxValues }: YamlOptions,
): unknown {
  const anchors = new Map<string, Made | 'open'>()
  const refuse = (node: Node | null, what: string, kind = 'IMPOSSIBLE'): never => {
    throw invalid(name, lines, node?.range?.[0] ?? 0, what, kind)
  }

  const make = (node: Node | null): Made => {
    if (node === null) return { value: null, weight: 1, depth: 0 }
    if (isAlias(node)) return resolve(node)
    const anchor = 'anchor' in node ? node.anchor : undefined
    if (anchor !== undefined) anchors.set(anchor, 'open')
    const made = isScalar(node)
      ? scalar(node)
      : isMap(node)
        ? map(node)
        : isSeq(node)
          ? seq(node.items as Node[], node)
          : refuse(node, 'not a value')
    if (made.weight > maxValues || made.depth > MAX_DEPTH) throw tooMuch(name)
    if (anchor !== undefined) anchors.set(anchor, made)
    return made
  }

  const resolve = (alias: Alias): Made => {
    const made = anchors.get(alias.source)
    if (made === 'open') return refuse(alias, `the alias *${alias.source} stands inside what it names`, 'BAD_ALIAS')
    return made ?? refuse(alias, `the alias *${alias.source} names nothing before it`, 'BAD_ALIAS')
  }

  const scalar = (node: Node & { value?: unknown; type?: string; source?: string }): Made => {
    const text = node.source ?? ''
    const value = node.type === 'PLAIN' || node.tag !== undefined ? tagged(node, text) : String(node.value ?? '')
    if (typeof value === 'number' && Number.isNaN(value))
      return refuse(node, `${text} is a number that JSON cannot hold`)
    if (typeof value === 'string' && !value.isWellFormed()) throw brokenText(name)
    return { value, weight: 1, depth: 0 }
  }

  const tagged = (node: Node & { value?: unknown; type?: string }, text: string): unknown => {
    if (node.tag === undefined) return scalars === 'text' ? text : plainValue(text)
    const tag = node.tag.replace('tag:yaml.org,2002:', '!!')
    if (tag === '!!str' || tag === '!') return String(node.value ?? '')
    const value = scalars === 'text' ? undefined : plainValue(text)
    const fits =
      (tag === '!!int' && Number.isInteger(value)) ||
      (tag === '!!float' && typeof value === 'number') ||
      (tag === '!!bool' && typeof value === 'boolean') ||
      (tag === '!!null' && value === null)
    return fits ? value : refuse(node, `the tag ${tag} does not fit, or is not one JSON has`, 'TAG_RESOLVE_FAILED')
  }

  const seq = (nodes: readonly (Node | null)[], node: Node): Made => {
    onlyTag(node, '!!seq')
    const items = nodes.map(make)
    return joined(
      items.map((item) => item.value),
      items,
    )
  }

  const map = (node: YAMLMap): Made => {
    onlyTag(node, '!!map')
    const own = new Map<string, unknown>()
    const merges: Made[] = []
    const parts: Made[] = []
    for (const pair of node.items) {
      const key = pair.key as Node | null
      const isMerge = isScalar(key) && key.type === 'PLAIN' && key.source === '<<'
      const label = isMerge ? '<<' : keyText(key, node)
      const made = make(pair.value as Node | null)
      parts.push(made)
      if (isMerge) merges.push(made)
      else if (own.has(label))
        refuse(key, `the key ${JSON.stringify(label.slice(0, 80))} is given twice`, 'DUPLICATE_KEY')
      else own.set(label, made.value)
    }
    for (const { value } of merges) {
      for (const source of Array.isArray(value) ? value : [value]) {
        if (!isRecord(source)) return refuse(node, 'a merge key (<<) takes mappings only')
        for (const [key, item] of Object.entries(source)) if (!own.has(key)) own.set(key, item)
      }
    }
    return joined(Object.fromEntries(own), parts)
  }

  const keyText = (key: Node | null, parent: Node): string => {
    const value = isAlias(key) || isScalar(key) ? make(key).value : refuse(key ?? parent, 'a key must be a text')
    return value === null ? refuse(key ?? parent, 'a key must be a text, not null') : String(value)
  }

  const onlyTag = (node: Node, tag: string): void => {
    const given = node.tag?.replace('tag:yaml.org,2002:', '!!')
    if (given !== undefined && given !== tag && given !== '!')
      refuse(node, `the tag ${given} is not one JSON has`, 'TAG_RESOLVE_FAILED')
  }

  return make(document.contents as Node | null).value
}

function joined(value: unknown, parts: readonly Made[]): Made {
  let weight = 1
  let depth = 0
  for (const part of parts) {
    weight += part.weight
    depth = Math.max(depth, part.depth)
  }
  return { value, weight, depth: depth + 1 }
}

function tooMuch(name: string): ProvError {
  return new ProvError('input_too_large', `${name}: its aliases come to more than prov accepts`, {
    location: name,
    hint: 'write the object without YAML aliases',
  })
}

function invalid(name: string, lines: LineCounter, offset: number, what: string, kind: string): YamlError {
  const at = lines.linePos(offset)
  const text = what.replace(/[\p{Cc}\p{Cs}]+/gu, ' ').slice(0, 200)
  return new YamlError(`${name}: line ${at.line}: ${text}`, kind, at, name)
}
