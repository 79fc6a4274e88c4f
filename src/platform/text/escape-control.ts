/**
 * Text from a store or a file, made safe to show: control characters and those that turn the direction of writing are spelled
 * out instead of sent to the terminal.
 *
 * @example plain('a\u001b[2Jb') // 'a\\u001b[2Jb'
 */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
