/** A set of ids in 16 bytes each, for millions of them. */
import { hash } from 'node:crypto'

const WORDS = 4

export interface IdSet {
  /** False when it was there already. */
  add(id: string): boolean
  has(id: string): boolean
  readonly size: number
}

/**
 * Keeps the first 128 bits of each id's sha256, which nobody can make collide, in one table that doubles as it fills.
 *
 * @example const seen = idSet(); seen.add('raw:sha256:5e92…'); seen.has('raw:sha256:5e92…') // true
 */
export function idSet(): IdSet {
  let places = 1024
  let table = new Uint32Array(places * WORDS)
  let size = 0

  /** Where the id stands, or the free place for it. */
  function find(of: Uint32Array, count: number, words: readonly number[]): number {
    for (let place = (words[0] ?? 0) % count; ; place = (place + 1) % count) {
      const at = place * WORDS
      if (isFree(of, at) || words.every((word, i) => of[at + i] === word)) return at
    }
  }

  function grow(): void {
    const next = new Uint32Array(places * 2 * WORDS)
    for (let at = 0; at < table.length; at += WORDS) {
      if (isFree(table, at)) continue
      const words = [...table.subarray(at, at + WORDS)]
      next.set(words, find(next, places * 2, words))
    }
    table = next
    places *= 2
  }

  return {
    add(id) {
      if (size * 2 >= places) grow()
      const words = wordsOf(id)
      const at = find(table, places, words)
      if (!isFree(table, at)) return false
      table.set(words, at)
      size++
      return true
    },
    has: (id) => size > 0 && !isFree(table, find(table, places, wordsOf(id))),
    get size() {
      return size
    },
  }
}

function isFree(table: Uint32Array, at: number): boolean {
  return table[at] === 0 && table[at + 1] === 0 && table[at + 2] === 0 && table[at + 3] === 0
}

function wordsOf(id: string): readonly number[] {
  const digest = hash('sha256', id, 'binary')
  return [wordAt(digest, 0), wordAt(digest, 4), wordAt(digest, 8), wordAt(digest, 12)]
}

/** Four characters of one byte each as a number. */
function wordAt(text: string, at: number): number {
  const [a, b, c, d] = [text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2), text.charCodeAt(at + 3)]
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}
