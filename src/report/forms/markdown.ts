/** Text that somebody else wrote, inside GitHub's Markdown: as a code span nothing in it is a link, a mention or a tag. Pure. */
import { escapeControl } from '../../platform/text/escape-control.ts'

/**
 * A code span for a table cell or a line of text.
 *
 * @example codeSpan('a|b', { cell: true }) // '`a\\|b`'
 */
export function codeSpan(text: string, { cell = false }: { readonly cell?: boolean } = {}): string {
  const safe = escapeControl(text.toWellFormed())
  if (safe.trim() === '') return '` `'
  const longest = Math.max(0, ...[...safe.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const padded = longest > 0 ? ` ${safe} ` : safe
  // A table takes its bars out before it looks at anything else, and the backslash with them.
  return `${fence}${cell ? padded.replaceAll('|', '\\|') : padded}${fence}`
}
