/** What two payloads do not share, short enough to be read: for reports. Pure. */
import { differingValues, type Json } from './canonical.ts'

/** Where a copy differs from the reference. Bounded: values are cut around the first character that differs. */
export interface Difference {
  /** JSON pointer; `''` is the document itself, and then the values are its text, spelling included. */
  readonly pointer: string
  /** JSON text of the reference's value; absent where the reference has none. */
  readonly reference?: string
  /** JSON text of the copy's value; absent where the copy has none. */
  readonly copy?: string
}

/** A list of this length may have been cut. */
export const MAX_DIFFERENCES = 20
const MAX_POINTER = 300
const MAX_VALUE = 200
/** The text of a whole document is shown to tell how it is spelled, not what it says. */
const MAX_TEXT = 100
/** How much of the common text is shown before the first character that differs. */
const LEAD = 30

/**
 * The members in which two payloads differ, in the order of their keys. Payloads of one meaning differ in their spelling only: then it is
 * the text around the first character that differs. [] for the same bytes.
 *
 * @example differencesBetween(reference, copy) // [{ pointer: '/predicate/…/team', reference: '"web"', copy: '"api"' }]
 */
export function differencesBetween(reference: Uint8Array, copy: Uint8Array): readonly Difference[] {
  const values = differingValues(reference, copy, MAX_DIFFERENCES) ?? []
  if (values.length > 0) {
    return values.map(({ pointer, a, b }) => shortened(cut(pointer, MAX_POINTER), textOf(a), textOf(b)))
  }
  const [left, right] = [textIn(reference), textIn(copy)]
  return left === right ? [] : [shortened('', left, right, MAX_TEXT)]
}

function shortened(
  pointer: string,
  reference: string | undefined,
  copy: string | undefined,
  most = MAX_VALUE,
): Difference {
  let same = 0
  if (reference !== undefined && copy !== undefined) {
    while (same < reference.length && same < copy.length && reference[same] === copy[same]) same++
  }
  const longest = Math.max(reference?.length ?? 0, copy?.length ?? 0)
  const from = longest > most ? Math.max(0, same - LEAD) : 0
  return {
    pointer,
    ...(reference === undefined ? {} : { reference: window(reference, from, most) }),
    ...(copy === undefined ? {} : { copy: window(copy, from, most) }),
  }
}

function window(text: string, from: number, most: number): string {
  return `${from > 0 ? '…' : ''}${cut(text.slice(from), most)}`
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text
}

function textOf(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value)
}

/** Not strict: bytes that are not UTF-8 are shown as replacement characters. */
function textIn(payload: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(payload)
}
