/** Trimming in linear time, where a pattern such as a run of one character at the end would need quadratic time. Pure. */

/**
 * The text without that character at its end, however often it stands there.
 *
 * @example withoutTrailing('https://registry.example//', '/') // 'https://registry.example'
 */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === character) end--
  return text.slice(0, end)
}

/**
 * The lines of a text in one, `; ` between them, but after a colon.
 *
 * @example inOneLine('no such key:\n  foo\n') // 'no such key: foo'
 */
export function inOneLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim())
  return lines
    .filter((line) => line !== '')
    .reduce((whole, line) => (whole === '' ? line : `${whole}${whole.endsWith(':') ? '' : ';'} ${line}`), '')
}
