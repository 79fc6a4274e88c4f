/** How an entry stands in an index: the member of its terms, and what a search shows of it. Pure. */
import { isRecord } from '../platform/text/guards.ts'
import type { TermedEntry } from '../truth/term-pages.ts'
import type { Hit } from './source.ts'

/** An entry as an index holds it. */
export type IndexedEntry = Pick<TermedEntry, 'seq' | 'id' | 'uri' | 'format' | 'keyids' | 'source' | 'terms'>

/**
 * The number comes first, since one payload may be signed by two: its id alone would not tell them apart.
 *
 * @example memberOf({ seq: 12, id: 'dsse:sha256:ab…' }) // '12 dsse:sha256:ab…'
 */
export function memberOf({ seq, id }: Pick<IndexedEntry, 'seq' | 'id'>): string {
  return `${seq} ${id}`
}

/** @example memberParts('12 dsse:sha256:ab…')?.seq // 12; undefined for what prov does not write */
export function memberParts(member: string): { readonly seq: number; readonly id: string } | undefined {
  const [, seq, id] = /^([1-9][0-9]{0,14}) ([a-z]+:sha256:[0-9a-f]{64})$/.exec(member) ?? []
  return seq === undefined || id === undefined ? undefined : { seq: Number(seq), id }
}

/** @example summaryOf(entry) // '["prov:taskrun/b0a4…","slsa/v1","signed",["SHA256:…"]]' */
export function summaryOf({ uri, format, source, keyids }: Omit<IndexedEntry, 'seq' | 'id' | 'terms'>): string {
  return JSON.stringify([uri, format, source, keyids])
}

/** The entry of a member and its summary; undefined for what {@link summaryOf} does not write. */
export function hitOf(member: string, summary: string): Hit | undefined {
  const parts = memberParts(member)
  const [uri, format, source, keyids] = listIn(summary)
  const isKnown = source === 'signed' || source === 'adopted' || source === 'imported'
  if (parts === undefined || typeof uri !== 'string' || typeof format !== 'string' || !isKnown) return undefined
  if (!Array.isArray(keyids) || !keyids.every((one) => typeof one === 'string')) return undefined
  return { ...parts, uri, format, keyids, source }
}

/** True when a summary says the same, in whatever order it names the keys. */
export function saysTheSame(summary: string, entry: IndexedEntry): boolean {
  const hit = hitOf(memberOf(entry), summary)
  if (hit === undefined) return false
  const sorted = (keys: readonly string[]): string => JSON.stringify([...keys].sort())
  const { uri, format, source, keyids } = entry
  return hit.uri === uri && hit.format === format && hit.source === source && sorted(hit.keyids) === sorted(keyids)
}

function listIn(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && !isRecord(value) ? value : []
  } catch {
    return []
  }
}
