/** Rows of a verdict by their mark alone. */
import type { ErrorCode } from '../../../src/errors.ts'
import type { Mark, Row } from '../../../src/verify/agree.ts'

export type { Row }

const CODES: Readonly<Record<string, ErrorCode>> = {
  '#': 'signature_invalid',
  '*': 'drift',
  '+': 'absent',
  '!': 'unreachable',
}

/** @example signatureRow('oci', '#').error?.code // 'signature_invalid' */
export function signatureRow(backend: string, mark: string): Row {
  const code = CODES[mark]
  const error = code === undefined ? {} : { error: { code, message: `message of ${code}` } }
  return { backend, slot: `${backend}-place`, format: 'slsa/v1', mark: mark as Mark, ...error }
}
