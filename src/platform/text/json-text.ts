/** Values as the JSON text that prov prints: nothing in it that a terminal or a web page would obey. Pure. */
import { escapeControlJson } from './escape-control.ts'

/**
 * Indented, for people as well; ends with a new line.
 *
 * @example await write(io.stdout, jsonText({ command: 'verify', exit: 0 }))
 */
export function jsonText(value: unknown): string {
  return `${escapeControlJson(JSON.stringify(value, null, 2))}\n`
}

/**
 * On one line, for outputs of one value a line.
 *
 * @example await write(io.stdout, jsonLine(moved))
 */
export function jsonLine(value: unknown): string {
  return `${escapeControlJson(JSON.stringify(value))}\n`
}
