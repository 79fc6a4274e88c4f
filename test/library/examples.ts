/** The examples in the comments of exported functions, as code. Pure. */

export interface Exported {
  readonly name: string
  readonly isType: boolean
  /** As the face names it: `./model/entry.ts`. */
  readonly from: string
}

/** What a module that only exports from others hands on. */
export function exported(face: string): readonly Exported[] {
  return [...face.matchAll(/^export (type )?\{([^}]*)\} from '([^']+)'/gm)].flatMap(([, type, list = '', from = '']) =>
    list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => ({
        name: name.replace(/^type /, ''),
        isType: type !== undefined || name.startsWith('type '),
        from,
      })),
  )
}

/** The code of the example in the comment before an exported function or class; undefined without one. */
export function exampleOf(text: string, name: string): string | undefined {
  const at = new RegExp(`^export (?:async )?(?:function\\*?|class|const) ${name}\\b`, 'm').exec(text)?.index
  const start = at === undefined ? -1 : text.lastIndexOf('/**', at)
  const comment = start < 0 ? '' : text.slice(start, at)
  // The comment must be that of this very function.
  const [, code] = /^\/\*\*(?:(?!\*\/)[\s\S])*?@example((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(comment) ?? []
  return code?.replace(/^ \* ?/gm, '').trim()
}

/** A module that holds the example in a function of its own. */
export function moduleOf(name: string, code: string, frame: string): string {
  return `${frame}\nexport async function exampleOf_${name}(): Promise<void> {\n${code}\n}\n`
}
