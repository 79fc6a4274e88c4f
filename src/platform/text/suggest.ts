/** Which known name was probably meant. Pure. */

/** Longer words are not a typing error of a known name, and the table of distances grows with the square. */
const MAX_LENGTH = 100
/** A shorter beginning would match too many names. */
const MIN_BEGINNING = 3

/**
 * The known name that is nearest to what was written, by letters changed, added or left out (case does not count); undefined when none is
 * near enough to be a typing error: more than a third of the letters, or more than four, differ. The beginning of a name matches the
 * shortest name that begins so.
 *
 * @example nearest('storage.oci.repo', ['storage.oci.repository', 'builder.id']) // 'storage.oci.repository'
 * @example nearest('terkton', ['tekton', 'oci']) // 'tekton'
 */
export function nearest(written: string, known: Iterable<string>): string | undefined {
  if (written.length > MAX_LENGTH) return undefined
  const name = written.toLowerCase()
  let best: string | undefined
  let least = Math.min(4, Math.max(1, Math.floor(name.length / 3))) + 1
  for (const candidate of known) {
    const distance = lettersApart(name, candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return (
    best ??
    (name.length < MIN_BEGINNING ? undefined : shortest([...known].filter((k) => k.toLowerCase().startsWith(name))))
  )
}

function shortest(names: readonly string[]): string | undefined {
  return names.toSorted((a, b) => a.length - b.length)[0]
}

/** Levenshtein's distance; two neighbours that changed places count as one slip. */
function lettersApart(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? Infinity) + 1 : Infinity
      next.push(Math.min(changed, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}
