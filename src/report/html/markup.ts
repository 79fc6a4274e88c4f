/** HTML that cannot be broken out of: whatever stands in a template is escaped, unless it is markup itself. Pure. */
import { escapeControl, escapeControlJson } from '../../platform/text/escape-control.ts'

export interface Markup {
  readonly markup: string
}

type Part = string | number | Markup | readonly Markup[]

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * A template tag; attribute values have to stand in double quotes.
 *
 * @example markup`<p title="${title}">${text}</p>`.markup // '<p title="a &quot;b&quot;">&lt;img&gt;</p>'
 */
export function markup(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: texts.map((text, i) => text + (i < parts.length ? inner(parts[i] ?? '') : '')).join('') }
}

/** Text of our own that is markup already. */
export function trusted(text: string): Markup {
  return { markup: text }
}

/**
 * JSON for a script element: nothing in it can end the element or begin a comment.
 *
 * @example embeddedJson({ a: '</script>' }) // '{"a":"\\u003c/script\\u003e"}'
 */
export function embeddedJson(value: object): string {
  return escapeControlJson(JSON.stringify(value)).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Text as every part of the page shows it. @example shown('a\u202eb') // 'a\\u202eb' */
export function shown(text: string): string {
  return escapeControl(text.toWellFormed())
}

function inner(part: Part): string {
  if (typeof part === 'number') return String(part)
  if (typeof part === 'string') return shown(part).replace(/[&<>"']/g, (c) => ENTITIES[c] ?? c)
  return 'markup' in part ? part.markup : part.map((one) => one.markup).join('')
}
