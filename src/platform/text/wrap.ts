/** Lines that fit the terminal. Pure. */

/**
 * Breaks at spaces only, with a hanging indent; a word longer than the line gets a line of its own, so that it can be copied. Without a
 * width nothing is broken.
 *
 * @example wrap('  = tekton run.yaml', 12) // ['  = tekton', '      run.yaml']
 */
export function wrap(line: string, width: number | undefined): readonly string[] {
  if (width === undefined || line.length <= width) return [line]
  const indent = `${/^ */.exec(line)?.[0] ?? ''}    `
  const out: string[] = []
  let current = ''
  for (const word of line.split(/(?<=\S) /)) {
    if (current !== '' && current.length + 1 + word.length > width) {
      out.push(current)
      current = `${indent}${word.trimStart()}`
    } else {
      current = current === '' ? word : `${current} ${word}`
    }
  }
  return [...out, current]
}
