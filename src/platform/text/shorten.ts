/** Long values in a few characters: for people, never for programs. Pure. */

/**
 * Digests and key ids cut to their first characters.
 *
 * @example shortDigests('ghcr.io/a/b@sha256:09e72cd4668214dcd3c5dae94efc1881970a315731be8837bc97164cf14da4f2') // 'ghcr.io/a/b@sha256:09e72cd4…'
 */
export function shortDigests(text: string): string {
  return text
    .replace(/\b([0-9a-f]{8})[0-9a-f]{24,120}\b/gi, '$1…')
    .replace(/\b(SHA256:[A-Za-z0-9+/]{8})[A-Za-z0-9+/]{35}=?/g, '$1…')
}

/**
 * At most so many characters.
 *
 * @example cutTo('a long value', 6) // 'a lon…'
 */
export function cutTo(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
