/**
 * Every regular expression of the product, found in its source, is tried on long hostile text: matches of its own with one piece repeated, and
 * an end that does not fit. What takes more than linear time there would let a store or a file stop prov.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseAst } from 'vite'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../../..')
/** Long enough that n² takes seconds, where n takes less than a millisecond. */
const LONG = 50_000
/** So that what is worse than quadratic is found out while it is short. */
const STEPS: readonly (readonly [length: number, ms: number])[] = [
  [200, 50],
  [800, 50],
  [3000, 50],
  [12_000, 50],
  [LONG, 400],
]

/** Patterns that only ever meet short text, with the greatest length and what bounds it. */
const BOUNDED: Readonly<Record<string, { readonly most: number; readonly why: string }>> = {
  '^(\\S+) (.*?)(?: \\((.+)\\)|@(sha256:[0-9a-f]{12})[0-9a-f]*)$': {
    most: 1000,
    why: 'the page shows longer names whole',
  },
  '\\/notes\\/tekton-(.+)-(taskrun|pipelinerun)-intoto$': { most: 1000, why: 'longer names of notes are passed over' },
  '^([+-]?)([0-9]*)(?:\\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$': {
    most: 1000,
    why: 'longer quantities are refused before',
  },
}

interface Pattern {
  readonly source: string
  readonly flags: string
  readonly files: readonly string[]
}

function sources(): readonly string[] {
  return ['src', 'backends', 'bin'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|js)$/.test(name))
      .map((name) => `${folder}/${name}`),
  )
}

function visit(node: unknown, see: (node: Readonly<Record<string, unknown>>) => void): void {
  if (Array.isArray(node)) for (const item of node) visit(item, see)
  else if (typeof node === 'object' && node !== null) {
    see(node as Readonly<Record<string, unknown>>)
    for (const value of Object.values(node)) visit(value, see)
  }
}

function patternsIn(files: readonly string[]): {
  readonly patterns: readonly Pattern[]
  readonly made: readonly string[]
} {
  const found = new Map<string, Pattern>()
  const made: string[] = []
  for (const file of files) {
    visit(parseAst(readFileSync(join(ROOT, file), 'utf8'), { lang: 'ts' }), (node) => {
      const { regex, type, callee } = node as {
        regex?: { pattern: string; flags: string }
        type?: string
        callee?: { name?: string }
      }
      if ((type === 'NewExpression' || type === 'CallExpression') && callee?.name === 'RegExp') made.push(file)
      if (type !== 'Literal' || regex === undefined) return
      const key = `/${regex.pattern}/${regex.flags}`
      const before = found.get(key)
      found.set(key, { source: regex.pattern, flags: regex.flags, files: [...(before?.files ?? []), file] })
    })
  }
  return { patterns: [...found.values()], made }
}

const PUMPS = [
  ' ',
  '\n',
  '\t',
  '\r',
  '\u2028',
  'a',
  'A',
  '0',
  '-',
  '/',
  '<',
  ':',
  ',',
  '"',
  '\\',
  '=',
  '.',
  '[',
  '*',
  '&',
  '`',
  '\u0000',
] as const
const ENDS = ['', '\u0001', '!\n', 'x'] as const

/**
 * Texts that lead into the pattern: read from its source, each repetition twice, each choice once with its first and once with its last
 * branch. What the reader does not know (what stands before or after) it leaves out; no match is needed, only a way in.
 */
function matches({ source }: Pattern): readonly string[] {
  return [...new Set([true, false].map((first) => branch(source, { at: 0 }, first)))]
}

function branch(source: string, place: { at: number }, first: boolean): string {
  const branches: string[] = ['']
  while (place.at < source.length && source[place.at] !== ')') {
    if (source[place.at] === '|') {
      branches.push('')
      place.at++
      continue
    }
    const piece = atom(source, place, first)
    const [quantifier = ''] = /^(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??/.exec(source.slice(place.at, place.at + 20)) ?? []
    place.at += quantifier.length
    const least = Number(/^\{([0-9]+)/.exec(quantifier)?.[1] ?? 1)
    const times = /^[*+]/.test(quantifier) ? 2 : Math.min(64, least)
    branches.push(`${branches.pop() ?? ''}${piece.repeat(times)}`)
  }
  return (first ? branches[0] : branches.at(-1)) ?? ''
}

function atom(source: string, place: { at: number }, first: boolean): string {
  const c = source[place.at++] ?? ''
  if (c === '(') {
    const [head = ''] = /^\?(?:[:=!]|<[=!]|<[A-Za-z]+>)/.exec(source.slice(place.at, place.at + 20)) ?? []
    place.at += head.length
    const inner = branch(source, place, first)
    place.at++
    return /^\?(?:<?!|=|<=)/.test(head) ? '' : inner
  }
  if (c === '[') {
    const end = /(?:\\.|[^\]\\])*\]/y
    end.lastIndex = place.at
    const [text = ']'] = end.exec(source) ?? []
    place.at += text.length
    const inside = text.slice(0, -1)
    if (inside.startsWith('^'))
      return ['a', ' ', '0', '\u0001'].find((one) => new RegExp(`[${inside}]`).test(one)) ?? ''
    return atom(inside, { at: 0 }, first)
  }
  if (c !== '\\') return c === '^' || c === '$' ? '' : c === '.' ? 'a' : c
  const letter = source[place.at++] ?? ''
  if (letter === 'p' || letter === 'P') place.at = source.indexOf('}', place.at) + 1
  if (letter === 'u' || letter === 'x') place.at += letter === 'u' ? 4 : 2
  const KNOWN: Readonly<Record<string, string>> = {
    d: '0',
    w: 'a',
    s: ' ',
    S: 'a',
    D: 'a',
    W: ' ',
    b: '',
    B: '',
    n: '\n',
    r: '\r',
    t: '\t',
    p: '\u0001',
    u: '\u0001',
    x: '\u0001',
  }
  return KNOWN[letter] ?? letter
}

function* attacks(pattern: Pattern, long: number): Iterable<string> {
  for (const text of matches(pattern)) {
    for (let i = 0; i <= Math.min(text.length, 32); i++) {
      const own = [text.slice(i, i + 1), text.slice(i, i + 2), text.slice(0, i)].filter((piece) => piece !== '')
      const pumps = i === text.length || i % 4 === 0 ? [...own, ...PUMPS] : own
      for (const piece of pumps) {
        const pumped = piece.repeat(Math.ceil(long / piece.length)).slice(0, long)
        const ends = own.includes(piece) ? [...ENDS, text.slice(i + 1)] : ['\u0001', text.slice(i)]
        for (const end of ends) yield `${text.slice(0, i)}${pumped}${end}`
      }
    }
  }
}

/** What the fastest of a few tries takes: another process may have the core meanwhile. */
function timeOf(regex: RegExp, text: string, enough: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < 5 && least > enough; tries++) {
    const before = process.threadCpuUsage()
    regex.lastIndex = 0
    if (regex.global) text.replaceAll(regex, '')
    else regex.test(text)
    least = Math.min(least, process.threadCpuUsage(before).user / 1000)
  }
  return least
}

const { patterns, made } = patternsIn(sources())

test('every pattern stands in the source as a literal', () => {
  expect(patterns.length).toBeGreaterThan(150)
  // An identity that people write as a pattern: tried on a name of bounded length, in a certificate whose authority is trusted.
  expect(made).toEqual(['src/trust/identity.ts'])
})

test('no pattern takes more than linear time', { timeout: 600_000 }, () => {
  const slow = patterns.flatMap(({ source, flags, ...rest }) => {
    const attack = slowest({ source, flags, ...rest })
    return attack === undefined ? [] : [`/${source}/${flags} in ${[...new Set(rest.files)].join(', ')} on ${attack}`]
  })
  expect(slow).toEqual([])
})

/** The first attack that takes too long; short ones of all kinds first. */
function slowest(pattern: Pattern): string | undefined {
  const regex = new RegExp(pattern.source, pattern.flags)
  const most = BOUNDED[pattern.source]?.most ?? LONG
  for (const [length, mostMs] of STEPS) {
    const step = Math.min(length, most)
    for (const attack of attacks(pattern, step)) {
      const ms = timeOf(regex, attack, mostMs)
      if (ms > mostMs) return `${JSON.stringify(attack.slice(0, 60))}… (${step} long): ${Math.round(ms)} ms`
    }
    if (length >= most) break
  }
  return undefined
}

test('what is said to be bounded is still in the source', () => {
  const all = new Set(patterns.map(({ source }) => source))
  expect(Object.keys(BOUNDED).filter((source) => !all.has(source))).toEqual([])
})
