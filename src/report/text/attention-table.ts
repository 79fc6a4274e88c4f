/** The rows of `prov verify` for what needs attention: aligned, or one under the other where the terminal is narrow. Pure. */

import { styleText } from 'node:util'
import { columnsOf, padTo } from '../../platform/text/columns.ts'
import { wrap } from '../../platform/text/wrap.ts'
import type { Mark } from '../../verify/agree.ts'
import { MARK_WORDS } from '../forms/told.ts'
import { COLOURS, type Layout } from './verify-text.ts'

/** One artifact that needs attention. */
export interface Case {
  readonly name: string
  readonly full: string
  readonly marks: readonly (Mark | undefined)[]
  readonly reason: string
  readonly more: readonly string[]
}

/** With more than so many, those that are alike are folded. */
const MOST_SINGLE = 30
/** Of those that are alike, so many are named. */
const FIRST_ALIKE = 3
/** Of what was kept, so many are shown. */
const MOST_SHOWN = 200
/** Columns that a reason needs to stand beside its row. */
const LEAST_REASON = 24

/**
 * A row for each, a mark for each backend; `bad` counts those that were not kept as well.
 *
 * @example attentionTable(cases, cases.length, ['tekton', 'oci'], layout)
 */
export function attentionTable(
  cases: readonly Case[],
  bad: number,
  backends: readonly string[],
  layout: Layout,
): readonly string[] {
  if (cases.length === 0) return []
  const { shown, notes } = folded(unlikeNames(cases), bad)
  const names = Math.max(...shown.map(({ name }) => columnsOf(name)))
  const widths = backends.map((name) => Math.max(1, columnsOf(name)))
  const columns = widths.reduce((sum, width) => sum + 2 + width, 0)
  const width = layout.width ?? Number.POSITIVE_INFINITY
  const isNarrow = 2 + names + columns > width
  const head = widths.map((size, i) => `  ${padTo(backends[i] ?? '', size)}`).join('')
  const isBeside = !isNarrow && 2 + names + columns + 3 + LEAST_REASON <= width
  const lines = shown.flatMap((one) => {
    const cross = coloured('✗', 'red', layout)
    const more = one.more.flatMap((line) => wrap(`    ${line}`, layout.width))
    if (isNarrow) {
      const marks = backends.map((name, i) => `${name} ${tinted(one.marks[i], layout)}`)
      return [`${cross} ${one.name}`, `    ${marks.join('  ')}`, ...wrap(`    ${one.reason}`, layout.width), ...more]
    }
    const marks = widths.map((size, i) => `  ${middle(one.marks[i], size, layout)}`).join('')
    const row = `${cross} ${padTo(one.name, names)}${marks}`
    if (!isBeside) return [row.trimEnd(), ...wrap(`    ${one.reason}`, layout.width), ...more]
    const [first = '', ...rest] = wrap(one.reason, layout.width === undefined ? undefined : width - names - columns - 5)
    const indent = ' '.repeat(2 + names + columns + 3)
    return [`${row}   ${first}`, ...rest.map((line) => indent + line.trim()), ...more]
  })
  return [
    ...(isNarrow ? [] : [`  ${' '.repeat(names)}${head}`.trimEnd()]),
    ...lines,
    ...notes.flatMap((note) => wrap(note, layout.width)),
    ...legend(shown, layout),
  ]
}

/** Two runs of one name are told apart by their kind and uid. */
function unlikeNames(cases: readonly Case[]): readonly Case[] {
  const counts = new Map<string, number>()
  for (const { name } of cases) counts.set(name, (counts.get(name) ?? 0) + 1)
  return cases.map((one) => ((counts.get(one.name) ?? 0) > 1 ? { ...one, name: one.full } : one))
}

/** Where there are many, those with the same marks and the same reason stand under the first of them. */
function folded(
  cases: readonly Case[],
  bad: number,
): { readonly shown: readonly Case[]; readonly notes: readonly string[] } {
  if (cases.length <= MOST_SINGLE) return { shown: cases, notes: [] }
  const groups = new Map<string, Case[]>()
  for (const one of cases) {
    const key = JSON.stringify([one.marks, one.reason])
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  const kept = [...groups.values()].flatMap((same) =>
    same.slice(0, same.length > FIRST_ALIKE + 1 ? FIRST_ALIKE : same.length),
  )
  const shown = kept.slice(0, MOST_SHOWN)
  const rest = bad - shown.length
  return {
    shown,
    notes:
      rest === 0 ? [] : [`✗ ${rest} more need attention, most with the same marks and reason (--show all names them)`],
  }
}

function middle(mark: Mark | undefined, size: number, layout: Layout): string {
  const before = Math.floor((size - 1) / 2)
  return `${' '.repeat(before)}${tinted(mark, layout)}${' '.repeat(size - 1 - before)}`
}

function tinted(mark: Mark | undefined, { colour }: Layout): string {
  if (mark === undefined) return ' '
  return colour ? styleText(COLOURS[mark], mark, { validateStream: false }) : mark
}

/** @example coloured('all well', 'green', layout) */
export function coloured(text: string, colour: 'green' | 'red' | undefined, layout: Layout): string {
  return layout.colour && colour !== undefined ? styleText(colour, text, { validateStream: false }) : text
}

/** What the marks of the table mean, those that are not plain agreement. */
function legend(shown: readonly Case[], layout: Layout): readonly string[] {
  const seen = new Set(shown.flatMap(({ marks }) => marks))
  const said = (Object.keys(MARK_WORDS) as Mark[])
    .filter((mark) => seen.has(mark))
    .map((mark) => `${mark} ${MARK_WORDS[mark]}`)
  return wrap(`  ${said.join(' · ')}`, layout.width)
}
