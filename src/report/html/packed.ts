/** The facts of a report as the page's script reads them: every text once, in one table, since most of them repeat. Pure. */

import type { ErrorJson } from '../../errors.ts'
import type { Subject } from '../../model/artifact.ts'
import type { Row } from '../../verify/agree.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import { isForgiven, told } from '../forms/told.ts'
import { reasonOf } from '../text/reasons.ts'
import { shown } from './markup.ts'

/** Index into the table of texts; -1: there is none. */
type Text = number

/** backend, mark, 0 nothing wrong | 1 counts | 2 forgiven, format, place, entry, signatures, key ids, error, detail, differences */
export type PackedRow = readonly [
  Text,
  string,
  0 | 1 | 2,
  Text,
  Text,
  Text,
  readonly Text[],
  readonly Text[],
  PackedError | 0,
  Text,
  readonly (readonly [Text, Text, Text])[],
]
/** code, message, hint, backend, place */
export type PackedError = readonly [Text, Text, Text, Text, Text]
/** name, type, kind, uri, exit, rows, strangers (each with 1 when it counts), findings beyond the rows, builder, source, what was made, reason */
export type PackedArtifact = readonly [
  Text,
  string,
  string,
  Text,
  number,
  readonly PackedRow[],
  readonly (readonly [PackedError, 0 | 1])[],
  readonly PackedError[],
  Text,
  Text,
  readonly Text[],
  Text,
]

export interface Packer {
  add(one: VerifiedArtifact): void
  done(): { readonly strings: readonly string[]; readonly artifacts: readonly PackedArtifact[] }
}

/** @example const packer = packed(); packer.add(one); embeddedJson(packer.done()) */
export function packed(): Packer {
  const strings: string[] = []
  const known = new Map<string, Text>()
  const artifacts: PackedArtifact[] = []
  const text = (value: string | undefined): Text => {
    if (value === undefined) return -1
    const found = known.get(value)
    if (found !== undefined) return found
    known.set(value, strings.push(shown(value)) - 1)
    return strings.length - 1
  }
  const error = ({ code, message, hint, backend, location }: ErrorJson): PackedError => [
    text(code),
    text(message),
    text(hint),
    text(backend),
    text(location),
  ]
  const row = (of: Row, state: 0 | 1 | 2): PackedRow => [
    text(of.backend),
    of.mark,
    state,
    text(of.format),
    text(of.location ?? of.slot),
    text(of.entry),
    (of.signatures ?? []).map(text),
    (of.keyids ?? []).map(text),
    of.error === undefined ? 0 : error(of.error),
    text(of.detail === of.error?.message ? undefined : of.detail),
    (of.differences ?? []).map(({ pointer, reference, copy }) => [text(pointer), text(reference), text(copy)] as const),
  ]
  return {
    add(one) {
      const { rows, strangers, beyond } = told(one)
      artifacts.push([
        text(one.artifact),
        one.type,
        one.kind,
        text(one.uri),
        one.exit,
        rows.map((item) => row(item.row, item.counts !== undefined ? 1 : isForgiven(item) ? 2 : 0)),
        strangers.map(({ stranger, counts }) => [error(stranger), counts ? 1 : 0] as const),
        beyond.map(error),
        text(one.built?.builder),
        text(one.built?.source),
        one.subjects.map((subject) => text(subjectText(subject))),
        text(one.exit === 0 ? undefined : reasonOf(one, false)),
      ])
    },
    done: () => ({ strings, artifacts }),
  }
}

function subjectText({ name, digest }: Subject): string {
  const [algorithm, value] = Object.entries(digest)[0] ?? []
  return algorithm === undefined ? name : `${name}@${algorithm}:${value}`
}
