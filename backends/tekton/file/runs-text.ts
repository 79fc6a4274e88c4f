/** A file's text, cut where the runs' metadata stand, so that an edit touches these parts and no other byte. Pure. */
import { ProvError } from '../../../src/errors.ts'
import { type Annotations, NAME } from '../layout.ts'
import { namesIn, valueAt } from './changes.ts'
import type { Changes, RunsText, Spot } from './cut-text.ts'
import { annotationsInJson, appendJson, createJson, editJson, splitJson } from './json-text.ts'
import { appendYaml, createYaml } from './yaml-create.ts'
import { type ParsedYaml, parseYaml } from './yaml-document.ts'
import { annotationsInYaml, editYaml } from './yaml-edit.ts'
import { splitYaml } from './yaml-split.ts'

/**
 * Cuts the text. JSON when it parses as JSON, else YAML; throws `response_invalid` when it is neither.
 *
 * @example splitRuns(text).spots.map((spot) => spot.uid)
 */
export function splitRuns(text: string): RunsText {
  return splitJson(text) ?? splitYaml(text)
}

/** The run with this uid: the one where the hint says, else the first. */
export function findSpot(
  text: RunsText,
  { uid, document, item }: { readonly uid: string; readonly document?: number; readonly item?: number },
): Spot | undefined {
  const all = text.spots.filter((spot) => spot.uid === uid)
  return all.find((spot) => spot.document === document && spot.item === item) ?? all[0]
}

/** What the part of a spot parses to, kept as long as the spot is: YAML is slow to parse, and most parts are looked at several times. */
const parsedParts = new WeakMap<Spot, { readonly part: string; readonly parsed: ParsedYaml }>()

function parsedAt(part: string, spot: Spot): ParsedYaml {
  const known = parsedParts.get(spot)
  if (known !== undefined && known.part === part) return known.parsed
  const parsed = parseYaml(part)
  parsedParts.set(spot, { part, parsed })
  return parsed
}

/** @example annotationsAt(text, spot)['chains.tekton.dev/signed'] // undefined */
export function annotationsAt(text: RunsText, spot: Spot): Annotations {
  const part = text.parts[spot.part] ?? ''
  return text.format === 'json' ? annotationsInJson(part) : annotationsInYaml(parsedAt(part, spot), spot.path)
}

/** @example namesAt(text, spot).name // 'build-7x' */
export function namesAt(text: RunsText, spot: Spot): ReturnType<typeof namesIn> {
  const part = text.parts[spot.part] ?? ''
  return namesIn(text.format === 'json' ? JSON.parse(part) : valueAt(parsedAt(part, spot).value, spot.path))
}

/**
 * The same text with the annotations of one run changed, and nothing else: order, comments, indentation and line ends stay. Throws
 * `not_supported` when that cannot be done (an exotic YAML that no edit of ours survives).
 *
 * @example editRun(text, spot, { 'chains.tekton.dev/signed': 'true' }).parts.join('')
 */
export function editRun(text: RunsText, spot: Spot, changes: Changes): RunsText {
  const part = text.parts[spot.part] ?? ''
  if (text.format === 'json') return { ...text, parts: text.parts.with(spot.part, editJson(part, changes)) }
  const edited = editYaml(part, parsedAt(part, spot), spot.path, changes)
  parsedParts.set(spot, { part: edited.text, parsed: edited.parsed })
  return { ...text, parts: text.parts.with(spot.part, edited.text) }
}

/** A new file with these runs: a JSON List, or YAML with one document a run. */
export function createRuns(format: RunsText['format'], runs: readonly object[]): string {
  return format === 'json' ? createJson(runs) : createYaml(runs)
}

/** The file with these runs added. Throws `target_unwritable` for JSON that is not a List. */
export function appendRuns(text: RunsText, runs: readonly object[]): string {
  const whole = text.parts.join('')
  if (text.format === 'yaml') return appendYaml(whole, runs)
  const appended = appendJson(whole, runs)
  if (appended === undefined) {
    throw new ProvError('target_unwritable', 'the file holds a single JSON object, and not this run', {
      backend: NAME,
      operation: 'put',
      hint: 'name another file with --tekton-file, or one that holds a List',
    })
  }
  return appended
}
