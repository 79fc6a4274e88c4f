/** Lists of things named by uri or name with digests, joined as Chains joins them (internal/artifact/append.go). Pure. */

export interface Named {
  /** A subject's name or a material's uri. */
  readonly name: string
  readonly digest: Readonly<Record<string, string>>
}

/**
 * Both lists in order; an item that shares its name and at least one digest with an earlier one adds its digests to that one instead.
 *
 * @example merged([], [{ name: 'a', digest: { sha256: x } }, { name: 'a', digest: { sha256: x, sha512: y } }]).length // 1
 */
export function merged(first: readonly Named[], more: readonly Named[]): readonly Named[] {
  const all: Named[] = [...first]
  const places = new Map<string, number[]>()
  for (const [i, item] of all.entries()) note(places, item.name, i)
  for (const item of more) {
    const at = places.get(item.name)?.find((i) => sharesDigest(all[i]?.digest, item.digest))
    const known = at === undefined ? undefined : all[at]
    if (at === undefined || known === undefined) {
      note(places, item.name, all.length)
      all.push(item)
    } else {
      all[at] = { name: known.name, digest: Object.assign(Object.create(null), known.digest, item.digest) }
    }
  }
  return all
}

function note(places: Map<string, number[]>, name: string, index: number): void {
  const known = places.get(name)
  if (known === undefined) places.set(name, [index])
  else known.push(index)
}

/** As in Go, an algorithm that the second lacks counts as ''. */
function sharesDigest(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>>): boolean {
  return Object.entries(a).some(([algorithm, hex]) => (Object.hasOwn(b, algorithm) ? b[algorithm] : '') === hex)
}
