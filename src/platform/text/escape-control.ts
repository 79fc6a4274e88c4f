/**
 * Text from a store or a file, made safe to show: control characters and those that change the direction of writing are written as escapes,
 * and not sent to the terminal.
 *
 * @example escapeControl('a\u001b[2Jb') // 'a\\u001b[2Jb'
 */
export function escapeControl(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, spelled)
}

/**
 * JSON text with the control characters that JSON allows (DEL, C1) and those that change the direction of writing as escapes: the same
 * value, and nothing that a terminal or a web page would act on.
 *
 * @example escapeControlJson('"\u009b2J"') // '"\\u009b2J"'
 */
export function escapeControlJson(json: string): string {
  return json.replace(/[\u007f-\u009f\p{Bidi_Control}]/gu, spelled)
}

function spelled(c: string): string {
  return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
}
