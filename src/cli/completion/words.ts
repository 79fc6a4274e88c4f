/** What can be typed where, before any shell's own spelling. Pure. */

/** One command: the words that lead to it, and those that may follow. */
export interface Entry {
  /** E.g. `keys generate`; '' for prov itself. */
  readonly path: string
  readonly words: readonly Word[]
}

export interface Word {
  readonly text: string
  readonly short?: string
  readonly says: string
  /** What may follow a flag; undefined: it takes no value. */
  readonly value?: Value
}

/**
 * `backends`: several with commas between. `formats`: the same, each with `BACKEND=` before it or without. `any`: a value that
 * nobody can guess.
 */
export type Value =
  | 'backend'
  | 'backends'
  | 'format'
  | 'formats'
  | 'file'
  | 'any'
  | { readonly choices: readonly string[] }

/** Names that flags take. */
export interface Known {
  readonly backends: readonly string[]
  readonly formats: readonly string[]
}

/** Flags whose values are completed alike, each as `PATH FLAG`. */
export interface Group {
  readonly value: Value
  readonly flags: readonly string[]
}

/**
 * All flags that take a value, by what it is: one flag may mean different things to two commands.
 *
 * @example grouped(entries)[0] // { value: 'backends', flags: ['store --storage', 'store -s', …] }
 */
export function grouped(entries: readonly Entry[]): readonly Group[] {
  const groups = new Map<string, { value: Value; flags: string[] }>()
  for (const { path, words } of entries) {
    for (const { text, short, value } of words) {
      if (value === undefined) continue
      const key = JSON.stringify(value)
      const group = groups.get(key) ?? { value, flags: [] }
      group.flags.push(...[text, ...(short === undefined ? [] : [short])].map((flag) => `${path} ${flag}`))
      groups.set(key, group)
    }
  }
  return [...groups.values()]
}

/**
 * Names of one kind, for values that are one of them; undefined for the other values.
 *
 * @example oneOf('backend', known) // ['tekton', 'oci', …]
 */
export function oneOf(value: Value, known: Known): readonly string[] | undefined {
  if (typeof value === 'object') return value.choices
  if (value === 'backend') return known.backends
  return value === 'format' ? known.formats : undefined
}

/** For single quotes of any shell here. @example quote("it's") // "'it'\\''s'" */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
