/** Holds every import of src/ and backends/ against the rules, looks for circles, and for what is too long. Run by `npm run lint`; exit 1 when one is broken. */
import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  BACKENDS_ALSO_SEE,
  BACKENDS_SEE,
  BUILT_ON,
  FLOORS,
  LIST_BACKENDS,
  PACKAGES,
  SEE_ALL_BACKENDS,
} from './rules.ts'
import { tooLong } from './sizes.ts'

/** path of a file from the root of the checkout → its text */
export type Sources = ReadonlyMap<string, string>

const SPECIFIER = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'([^'\n]+)'/g

/** What a file imports, types and lazy imports included: paths from the root, or the names of packages. */
export function importsOf(path: string, text: string): readonly string[] {
  const code = text.replace(/^\s*(?:\*|\/\/|\/\*\*).*$/gm, '')
  return [...code.matchAll(SPECIFIER)]
    .map(([, specifier = '']) => specifier)
    .map((to) => (to.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), to)) : to))
}

const floorOf = (room: string): number => FLOORS.findIndex((rooms) => rooms.includes(room))
const roomOf = (path: string): string => (path.split('/')[1] ?? '').replace(/\.ts$/, '')

/** Why this file may not import that one; undefined when it may. */
export function forbidden(from: string, to: string): string | undefined {
  if (isBuiltin(to)) return undefined
  if (!/^(?:src|backends)\//.test(to)) return forbiddenPackage(from, to)
  if (to === 'backends/index.ts') {
    return SEE_ALL_BACKENDS.some((one) => one.test(from))
      ? undefined
      : 'only src/setup/, src/index.ts and completion see all backends'
  }
  return from.startsWith('backends/') ? forbiddenToBackend(from, to) : forbiddenToRoom(from, to)
}

function forbiddenPackage(from: string, to: string): string | undefined {
  const name = Object.keys(PACKAGES).find((one) =>
    one.endsWith('/*') ? to.startsWith(one.slice(0, -1)) : to === one || to.startsWith(`${one}/`),
  )
  if (name === undefined) return `${to} is not in the table of packages`
  return PACKAGES[name]?.some((one) => one.test(from)) ? undefined : `${name} may not be imported here`
}

function forbiddenToBackend(from: string, to: string): string | undefined {
  if (LIST_BACKENDS.includes(from) && to.startsWith('backends/')) return undefined
  const own = roomOf(from)
  const room = roomOf(to)
  if (to.startsWith('src/')) {
    const may = [...BACKENDS_SEE, ...(BACKENDS_ALSO_SEE[own] ?? [])]
    return may.includes(room) ? undefined : `a backend sees ${may.join(', ')} of src/, not ${room}`
  }
  if (room === own || room === 'shared' || BUILT_ON[own]?.includes(room)) return undefined
  return `${own} may not see the backend ${room}`
}

function forbiddenToRoom(from: string, to: string): string | undefined {
  const [own, room] = [roomOf(from), roomOf(to)]
  if (to.startsWith('backends/'))
    return own === 'conform' ? undefined : 'src/ sees backends through backends/index.ts only'
  if (own === room) return undefined
  if (floorOf(own) < 0) return `${own} is not a room of the floor plan`
  if (floorOf(room) < 0) return `${room} is not a room of the floor plan`
  if (floorOf(room) < floorOf(own)) return undefined
  return floorOf(room) === floorOf(own) ? `${own} and ${room} are neighbours` : `${room} stands above ${own}`
}

/** Circles of files that import each other, types included: each once, as the files in their order. */
export function circles(sources: Sources): readonly (readonly string[])[] {
  const found: string[][] = []
  const done = new Set<string>()
  const path: string[] = []
  const walk = (file: string): void => {
    const at = path.indexOf(file)
    if (at >= 0) found.push([...path.slice(at), file])
    if (at >= 0 || done.has(file)) return
    path.push(file)
    for (const to of importsOf(file, sources.get(file) ?? '')) if (sources.has(to)) walk(to)
    path.pop()
    done.add(file)
  }
  for (const file of sources.keys()) walk(file)
  return found
}

/** Every broken rule, one line each. */
export function broken(sources: Sources): readonly string[] {
  const lines: string[] = []
  for (const [from, text] of sources) {
    for (const to of importsOf(from, text)) {
      const why = forbidden(from, to)
      if (why !== undefined) lines.push(`${from} imports ${to}: ${why}`)
    }
  }
  for (const circle of circles(sources)) lines.push(`circle: ${circle.join(' → ')}`)
  return lines
}

/** The files that the rules are about, from the root of the checkout. */
export function readSources(root: string): Sources {
  const files = ['src', 'backends'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|js)$/.test(name))
      .map((name) => `${top}/${name}`),
  )
  return new Map(files.sort().map((file) => [file, readFileSync(join(root, file), 'utf8')]))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sources = readSources(process.cwd())
  const lines = [...broken(sources), ...tooLong(sources)]
  for (const line of lines) console.error(line)
  console.error(`rooms: ${sources.size} files, ${lines.length} broken rules`)
  process.exitCode = lines.length === 0 && sources.size > 0 ? 0 : 1
}
