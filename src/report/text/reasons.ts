/** Why an artifact needs attention, in a few words: the long messages are in `--show all`, `--wide` and `--json`. Pure. */

import type { ErrorCode, ErrorJson } from '../../errors.ts'
import { cutTo, shortDigests } from '../../platform/text/shorten.ts'
import type { Mark, Row } from '../../verify/agree.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import { told } from '../forms/told.ts'

/** What a code says in a table, where the mark and the backend stand beside it. Codes that are not here have words enough. */
const WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  signature_invalid: 'signature not valid',
  payload_mismatch: 'payload altered',
  digest_mismatch: 'bytes altered',
  key_untrusted: 'signed by another key',
  copy_malformed: 'damaged',
  wrong_artifact: 'about another artifact',
  symbolic_link: 'a symbolic link, not a copy',
  not_regular_file: 'not a regular file',
  absent: 'missing',
  nothing_verified: 'no copy verifies',
  unreachable: 'not reachable',
  timed_out: 'timed out',
  denied: 'permission denied',
  throttled: 'too many requests',
  server_error: 'server error',
  response_invalid: 'invalid answer',
  response_too_large: 'answer too large',
  limit_exceeded: 'holds more than prov reads',
  schema_invalid: 'not a table that prov made',
  storage_io: 'file not readable',
  not_looked: 'not read: nothing names the place',
  aborted: 'stopped',
}

/** @example wordsOf('absent') // 'missing' */
export function wordsOf(code: ErrorCode): string {
  return WORDS[code] ?? code.replaceAll('_', ' ')
}

/** The gravest first. */
const GRAVITY: readonly Mark[] = ['#', '*', '+', '!', '~', '=', 'x']

/** The gravest of several marks; undefined for none. @example gravestMark(['=', '+']) // '+' */
export function gravestMark(marks: readonly Mark[]): Mark | undefined {
  return GRAVITY.find((mark) => marks.includes(mark))
}

const MAX_VALUE = 40
/** The identity of a workflow is a URL with a branch. */
const MAX_SIGNER = 80

/**
 * Everything that counts against an artifact, with the backends where there is more than one reason.
 *
 * @example reasonOf(one, false) // 'signature not valid'
 */
export function reasonOf(one: VerifiedArtifact, wide: boolean): string {
  const { rows, strangers, beyond } = told(one)
  const counted = rows.flatMap(({ row, counts }) => (counts === undefined ? [] : [row]))
  const drift = driftReasons(counted, wide)
  const byWords = new Map<string, Set<string>>()
  for (const mark of GRAVITY) {
    for (const row of counted.filter((other) => other.mark === mark && mark !== '*')) {
      const words = row.error === undefined ? mark : `${wordsOf(row.error.code)}${signerText(row)}`
      byWords.set(words, (byWords.get(words) ?? new Set()).add(row.backend))
    }
  }
  const foreign = strangers.filter(({ counts }) => counts).map(({ stranger }) => stranger)
  const whole = [...new Set(beyond.map(beyondText))]
  const isAlone = byWords.size + drift.length === 1 && whole.length === 0
  const bad = [...byWords].map(([words, names]) => (isAlone ? words : `${[...names].join(', ')}: ${words}`))
  return [...drift, ...bad, ...foreignText(foreign), ...whole].join('; ')
}

/** Who signed a copy that is refused, where that is short: the whole of it is in the message. */
function signerText({ signer = '' }: Row): string {
  const shown = shortDigests(signer)
  return shown === '' || shown.length > MAX_SIGNER ? '' : ` (${shown})`
}

/** A finding that no row tells: nothing verified, or too few of --require. */
function beyondText({ code, message }: ErrorJson): string {
  return code === 'absent' ? message : 'no copy verifies'
}

function foreignText(foreign: readonly ErrorJson[]): readonly string[] {
  if (foreign.length === 0) return []
  const names = [...new Set(foreign.flatMap(({ backend }) => backend ?? []))].join(', ')
  return [`${foreign.length} foreign signature${foreign.length === 1 ? '' : 's'} (${names})`]
}

function driftReasons(counted: readonly Row[], wide: boolean): readonly string[] {
  const drifting = counted.filter(({ mark }) => mark === '*')
  const formats = [...new Set(drifting.map(({ format }) => format))]
  return [
    ...new Set(
      formats.map((format) =>
        driftOf(
          drifting.filter((row) => row.format === format),
          wide,
        ),
      ),
    ),
  ]
}

/** The first place that differs, both values, and who holds which. */
function driftOf(rows: readonly Row[], wide: boolean): string {
  const first = rows.find(({ differences = [] }) => differences.length > 0)?.differences?.[0]
  if (first === undefined) {
    const { error, detail } = rows[0] ?? {}
    return error?.code === 'drift' && detail?.includes('the run at hand') === true
      ? 'differs from the run at hand'
      : (error?.message ?? 'drift')
  }
  const holders = new Map<string | undefined, string[]>()
  holders.set(first.reference, [])
  for (const { backend, differences = [] } of rows) {
    const own = differences.find(({ pointer }) => pointer === first.pointer)
    const value = own === undefined ? first.reference : own.copy
    holders.set(value, [...new Set([...(holders.get(value) ?? []), backend])])
  }
  const whole = [...holders].map(([value, names]) => [value ?? '(none)', names] as const)
  const cut = whole.map(([value]) => (wide ? value : cutTo(shortDigests(value), MAX_VALUE)))
  const isTelling = new Set(cut).size === cut.length
  const sides = whole.map(([value, names], i) => {
    const by = names.length === 0 ? '' : ` (${names.join(', ')})`
    return `${isTelling ? cut[i] : value}${by}`
  })
  const most = Math.max(...rows.map(({ differences = [] }) => differences.length))
  const more = most > 1 ? ` and ${most - 1} more` : ''
  return `${pathOf(first.pointer)}: ${sides.join(' ≠ ')}${more}`
}

/** The end of a JSON pointer, as a reader says it. */
function pathOf(pointer: string): string {
  if (pointer === '') return 'the text'
  const parts = pointer.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  return parts.slice(-2).join('/').replace(/^\//, '')
}
