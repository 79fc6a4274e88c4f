/** Small mistakes that could be made in a source: one operator, quantifier, comparison, condition or constant turned round. Pure. */

export interface Mutant {
  /** From 1. */
  readonly line: number
  /** What was there and what stands there now, for the report and for the list of survivors. */
  readonly change: string
  readonly source: string
}

/** What is put in the place of what; the first group is kept. */
const SWAPS: readonly (readonly [RegExp, string])[] = [
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/ < /g, ' >= '],
  [/ <= /g, ' > '],
  [/ > /g, ' <= '],
  [/ >= /g, ' < '],
  [/\.some\(/g, '.every('],
  [/\.every\(/g, '.some('],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/(?<=[ (])!(?=[A-Za-z(])/g, ''],
  [/(?<=exit: )0\b/g, '1'],
  [/(?<=[?:] )(?:3|4|5|6|7)\b/g, '0'],
]

/**
 * Every mutant of a TypeScript source. Text in comments, strings, regular expressions and types is left alone.
 *
 * @example mutantsOf('if (a === b) go()')[0]?.source // 'if (a !== b) go()'
 */
export function mutantsOf(source: string): readonly Mutant[] {
  const code = blanked(source)
  const mutants: Mutant[] = []
  const add = (at: number, length: number, put: string): void => {
    const line = source.slice(0, at).split('\n').length
    const whole = source.split('\n')[line - 1]?.trim() ?? ''
    const said = `${source.slice(at, at + length).trim()} → ${put.trim()} in: ${whole}`
    const before = mutants.filter((one) => one.line === line && one.change.startsWith(said)).length
    const change = before === 0 ? said : `${said} (${before + 1})`
    mutants.push({ line, change, source: source.slice(0, at) + put + source.slice(at + length) })
  }
  for (const [pattern, put] of SWAPS) {
    for (const found of code.matchAll(pattern)) if (!isType(code, found.index)) add(found.index, found[0].length, put)
  }
  for (const found of code.matchAll(/\bif \(/g)) {
    const open = found.index + found[0].length - 1
    const close = closing(code, open)
    add(open, close + 1 - open, `(!${source.slice(open, close + 1)})`)
  }
  return mutants.toSorted((a, b) => a.line - b.line)
}

/** The source with comments and the insides of strings and regular expressions blanked, of the same length. */
function blanked(source: string): string {
  const tokens =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|(?<=[(,=] ?)\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g
  return source.replace(tokens, (text) => text.replace(/[^\n]/g, '_'))
}

/** A member of an interface or a type, or a literal type: nothing that runs. */
function isType(code: string, at: number): boolean {
  const start = code.lastIndexOf('\n', at) + 1
  const line = code.slice(start, code.indexOf('\n', at))
  return (
    /^\s*(readonly |export type |type |import |[|] )/.test(line) || /^\s*(export )?(interface|function) /.test(line)
  )
}

function closing(code: string, open: number): number {
  let depth = 0
  for (let i = open; i < code.length; i++) {
    if (code[i] === '(') depth++
    else if (code[i] === ')' && --depth === 0) return i
  }
  return open
}
