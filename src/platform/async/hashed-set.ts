/** A set of ids in about 16 bytes each, for millions of them. */
import { hash, randomBytes } from 'node:crypto'

export interface IdSet {
  /** False when it was there already. */
  add(id: string): boolean
  has(id: string): boolean
  readonly size: number
}

/** Two words of 32 bits an id; both zero: nothing. */
const WORDS = 2

/**
 * Keeps 64 bits of a hash of each id in one table that doubles as it fills. The hash is keyed with a secret of this set, so that nobody can
 * make two ids that are taken for one; by chance two of ten million are in one case of 300,000.
 *
 * @example const seen = idSet(); seen.add('raw:sha256:5e92…'); seen.has('raw:sha256:5e92…') // true
 */
export function idSet(): IdSet {
  const secret = randomBytes(32).toString('base64')
  let places = 1024
  let table = new Uint32Array(places * WORDS)
  let size = 0

  function wordsOf(id: string): readonly [number, number] {
    const digest = hash('sha256', `${secret}${id}`, 'binary')
    return [wordAt(digest, 0) || 1, wordAt(digest, 4)]
  }

  /** Where the id stands, or the free place for it. */
  function find(first: number, second: number): number {
    for (let place = first % places; ; place = (place + 1) % places) {
      const at = place * WORDS
      if (table[at] === 0 || (table[at] === first && table[at + 1] === second)) return at
    }
  }

  function put(first: number, second: number): boolean {
    const at = find(first, second)
    if (table[at] !== 0) return false
    table[at] = first
    table[at + 1] = second
    return true
  }

  function grow(): void {
    const before = table
    places *= 2
    table = new Uint32Array(places * WORDS)
    for (let at = 0; at < before.length; at += WORDS) {
      const [first = 0, second = 0] = [before[at], before[at + 1]]
      if (first !== 0) put(first, second)
    }
  }

  return {
    add(id) {
      if (size * 4 >= places * 3) grow()
      const isNew = put(...wordsOf(id))
      if (isNew) size++
      return isNew
    },
    has: (id) => size > 0 && table[find(...wordsOf(id))] !== 0,
    get size() {
      return size
    },
  }
}

/** Four characters of one byte each as a number. */
function wordAt(text: string, at: number): number {
  const [a, b, c, d] = [text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2), text.charCodeAt(at + 3)]
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}
