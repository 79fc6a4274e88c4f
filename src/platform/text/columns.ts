/** How many columns of a terminal a text takes. Pure. */

const NARROW = /^[\u0020-\u007e\u00a0-\u00ff\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u2500-\u25ff\u2713\u2717]*$/u
/** Marks that stand on the letter before them. */
const ON_TOP = /\p{Mn}|\p{Me}|\p{Cf}/u
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** @example columnsOf('✗ ci/build') // 10 */
export function columnsOf(text: string): number {
  if (NARROW.test(text)) return text.length
  let columns = 0
  for (const character of text) columns += ON_TOP.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return columns
}

/** The text with spaces behind it, up to that many columns. @example padTo('a', 3) // 'a  ' */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)))
}
