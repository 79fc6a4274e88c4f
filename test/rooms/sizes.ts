/** How long files and functions may be, as data. Run by `npm run lint` (check.ts). Pure. */
import type { Sources } from './check.ts'

export const SIZES = {
  /** Lines of a file; half of all files have fewer than `median`. */
  file: 300,
  median: 100,
  /** Lines of a function, its head and its end counted. */
  function: 120,
} as const

/** A function by its first line. */
export interface FunctionSize {
  readonly line: number
  readonly lines: number
}

const BLOCK = /^\s*(?:\} )?(?:if|else|for|while|switch|try|catch|finally|do|class|export class|interface)\b/
const HEAD = /\bfunction\b|=> \{$|^\s*(?:(?:static|async|get|set|override) )*\*?\[?[\w$.]+\]?(?:<[^(]*>)?\(/

/**
 * Every function in a source that the formatter has laid out: its end stands in the column in which its head begins.
 *
 * @example functionsIn('function a() {\n}\n') // [{ line: 1, lines: 2 }]
 */
export function functionsIn(text: string): readonly FunctionSize[] {
  const lines = text.split('\n')
  const indentOf = (line: string): number => line.length - line.trimStart().length
  const found: FunctionSize[] = []
  for (const [at, line] of lines.entries()) {
    if (!line.endsWith('{')) continue
    const indent = indentOf(line)
    let first = at
    // A head of several lines ends as `): Type {`, in the column in which it began.
    if (line.trimStart().startsWith(')')) {
      do first--
      while (first > 0 && (indentOf(lines[first] ?? '') > indent || (lines[first] ?? '').trimStart().startsWith(')')))
    }
    const head = lines[first] ?? ''
    if (BLOCK.test(head) || !(HEAD.test(head) || line.endsWith('=> {'))) continue
    const end = lines.findIndex((other, i) => i > at && other.startsWith(`${' '.repeat(indent)}}`))
    if (end > 0) found.push({ line: first + 1, lines: end - first + 1 })
  }
  return found
}

/** Every file and function that is too long, and the median if it is. One line each. */
export function tooLong(sources: Sources): readonly string[] {
  const sizes = [...sources].map(([file, text]) => ({ file, lines: text.split('\n').length - 1 }))
  const files = sizes
    .filter(({ lines }) => lines > SIZES.file)
    .map(({ file, lines }) => `${file} has ${lines} lines, over ${SIZES.file}`)
  const functions = [...sources].flatMap(([file, text]) =>
    functionsIn(text)
      .filter(({ lines }) => lines > SIZES.function)
      .map(({ line, lines }) => `${file}:${line}: a function of ${lines} lines, over ${SIZES.function}`),
  )
  const median = sizes.map(({ lines }) => lines).sort((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? 0
  return [...files, ...functions, ...(median < SIZES.median ? [] : [`half of the files have ${median} lines or more`])]
}
