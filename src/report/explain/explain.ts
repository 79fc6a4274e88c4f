/** `prov explain`: what an error code or a mark means, what causes it and what to do. Offline. Pure. */

import { ERRORS, type ErrorCode, ProvError } from '../../errors.ts'
import { nearest } from '../../platform/text/suggest.ts'
import type { Mark } from '../../verify/agree.ts'
import { MARKS } from '../text/verify-text.ts'
import { EXPLANATIONS, type Explanation } from './codes.ts'

/** One thing that can be explained. */
export interface Explained extends Explanation {
  readonly name: string
  readonly kind: 'code' | 'mark'
  readonly exit: number
  /** Whether the same command may succeed when it runs again. */
  readonly retryable: boolean
  readonly meaning: string
}

/** The code that says most of a mark; its causes and what to do are the mark's. */
const MARK_CODES: Readonly<Partial<Record<Mark, ErrorCode>>> = {
  '*': 'drift',
  '#': 'signature_invalid',
  '+': 'absent',
  '!': 'unreachable',
}

const WELL: Readonly<Partial<Record<Mark, Explanation>>> = {
  '=': { causes: 'The copy has the same signed bytes as the first copy that verifies.', action: 'Nothing.' },
  '~': {
    causes: 'The run was signed twice, or a store wrote the same document with other spaces or another order.',
    action: 'Nothing. prov verify --show all says which it is.',
  },
  x: {
    causes: 'This backend does not store this kind of artifact, for example a run without an image in oci.',
    action: 'Nothing, as long as another backend keeps it.',
  },
}

/** Every mark and every code, in the order of their tables. @example explainable().map(({ name }) => name) // ['=', '~', …, 'internal', …] */
export function explainable(): readonly Explained[] {
  const marks = (Object.keys(MARKS) as Mark[]).map((mark): Explained => {
    const code = MARK_CODES[mark]
    const why = WELL[mark] ?? EXPLANATIONS[code ?? 'internal']
    const row = code === undefined ? { exit: 0, retryable: false } : ERRORS[code]
    return { name: mark, kind: 'mark', exit: row.exit, retryable: row.retryable, meaning: MARKS[mark], ...why }
  })
  const codes = (Object.keys(ERRORS) as ErrorCode[]).map(
    (code): Explained => ({ name: code, kind: 'code', ...ERRORS[code], ...EXPLANATIONS[code] }),
  )
  return [...marks, ...codes]
}

/**
 * One of them. Throws `usage` with the nearest name for what is neither.
 *
 * @example explained('denied').exit // 6
 */
export function explained(name: string): Explained {
  const all = explainable()
  const found = all.find((one) => one.name === name) ?? all.find((one) => one.name === name.toLowerCase())
  if (found !== undefined) return found
  const near = nearest(
    name,
    all.filter(({ kind }) => kind === 'code').map((one) => one.name),
  )
  throw new ProvError('usage', `${JSON.stringify(name.slice(0, 40))} is neither an error code nor a mark`, {
    hint: near === undefined ? 'prov explain lists them all' : `did you mean ${near}?`,
  })
}

/** @example explainLines(explained('denied'))[0] // 'denied: the backend refused …' */
export function explainLines(one: Explained): readonly string[] {
  const again = one.retryable ? '; running the same command again may help' : ''
  return [
    `${one.name}: ${one.meaning}`,
    `  exit:   ${one.exit}${again}`,
    `  cause:  ${one.causes}`,
    `  action: ${one.action}`,
  ]
}
