/** A command as a reader copies it into a shell. Pure. */

/**
 * Quotes what a shell would read in another way.
 *
 * @example shellWords(['prov', 'verify', 'my run.yaml']) // "prov verify 'my run.yaml'"
 */
export function shellWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`))
    .join(' ')
}

/**
 * One line of a command in lines that fit: they go on behind a backslash, before a flag where there is one, so that they can be copied.
 *
 * @example continued('prov store --key cosign.key run.yaml', 24) // ['prov store \\', '    --key cosign.key \\', '    run.yaml']
 */
export function continued(line: string, width: number): readonly string[] {
  const room = width - ' \\'.length
  const out: string[] = []
  let current = ''
  for (const piece of line.split(/(?<=\S) +(?=-)/).flatMap((part) => short(part, room))) {
    if (current !== '' && current.length + 1 + piece.length > room) {
      out.push(`${current} \\`)
      current = `    ${piece}`
    } else {
      current = current === '' ? piece : `${current} ${piece}`
    }
  }
  return [...out, current]
}

/** A flag with its value, or each word for itself when that is too long. */
function short(part: string, room: number): readonly string[] {
  return part.length + 4 <= room ? [part] : part.split(/(?<=\S) +/)
}
