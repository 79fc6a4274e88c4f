/** One value of one key, read as Tekton Chains reads it (pkg/config/config.go asBool, asString, asStringSet). Pure. */

import type { SettingRow } from '../backend/setting-row.ts'
import { durationMs } from '../platform/text/duration.ts'
import { nearest } from '../platform/text/suggest.ts'

/** The value in its one spelling; or why it is refused; or why Chains would ignore it, so that it counts as not set. */
export type ReadValue =
  | { readonly value: string }
  | { readonly refused: string; readonly hint?: string }
  | { readonly ignored: string }

const TRUE: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True']
const FALSE: readonly string[] = ['0', 'f', 'F', 'FALSE', 'false', 'False']

/**
 * Reads a value. The reasons are the rest of a sentence that begins with the key, and quote no secret.
 *
 * @example readValue({ type: 'bool', usedBy: 'oci', meaning: '…' }, 'T') // { value: 'true' }
 */
export function readValue(row: SettingRow, text: string): ReadValue {
  switch (row.type) {
    case 'string':
      return { value: text }
    case 'bool':
      if (TRUE.includes(text)) return { value: 'true' }
      if (FALSE.includes(text)) return { value: 'false' }
      return { ignored: `${shown(row, text)} is neither true nor false; it is ignored, as Chains does` }
    case 'enum':
      return readEnum(row, text)
    case 'backends':
    case 'list':
      return readList(row, text)
    case 'number':
      return readNumber(row, text)
    case 'duration':
      return readDuration(row, text)
  }
}

function readEnum(row: SettingRow, text: string): ReadValue {
  const allowed = row.allowed ?? []
  if (allowed.includes(text)) return { value: text }
  if (row.lenient)
    return { ignored: `${shown(row, text)} is ignored, as Chains does: it knows ${allowed.join(', ')} only` }
  const near = nearest(text, allowed)
  const refused = `${shown(row, text)} is not one of ${[...allowed].sort().join(', ')}`
  return near === undefined ? { refused } : { refused, hint: `did you mean ${near}?` }
}

function readList(row: SettingRow, text: string): ReadValue {
  // Nothing to store in is a choice; of a list of forms, nothing is none.
  if (text === '' && (row.type === 'backends' || row.allowed === undefined)) return { value: '' }
  const items = text.split(',').map((item) => item.trim())
  if (items.includes('')) return { refused: `${shown(row, text)} has an empty element` }
  const odd = row.allowed === undefined ? undefined : items.find((item) => row.allowed?.includes(item) === false)
  if (odd === undefined) return { value: [...new Set(items)].join(',') }
  const near = nearest(odd, row.allowed ?? [])
  const refused = `${shown(row, odd)} is not one of ${[...(row.allowed ?? [])].sort().join(', ')}`
  return near === undefined ? { refused } : { refused, hint: `did you mean ${near}?` }
}

function readNumber(row: SettingRow, text: string): ReadValue {
  const [least, most] = row.range ?? [0, Number.MAX_SAFE_INTEGER]
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return { value: String(value) }
  return { refused: `${shown(row, text)} is not a whole number from ${least} to ${most}` }
}

function readDuration(row: SettingRow, text: string): ReadValue {
  const [least, most] = row.range ?? [1, Number.MAX_SAFE_INTEGER]
  const ms = durationMs(text)
  if (ms >= least && ms <= most) return { value: /[a-z]$/.test(text) ? text : `${text}s` }
  return {
    refused: `${shown(row, text)} is not a duration from ${shortText(least)} to ${shortText(most)}, such as 500ms, 30s or 2m`,
  }
}

/** @example shortText(60_000) // '1m' */
function shortText(ms: number): string {
  if (ms > 0 && ms % 86_400_000 === 0) return `${ms / 86_400_000}d`
  if (ms % 60_000 === 0) return `${ms / 60_000}m`
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}

function shown(row: SettingRow, text: string): string {
  if (row.secret) return 'the value'
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text
  return JSON.stringify(short)
}
