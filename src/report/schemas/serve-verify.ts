/** What GET /v1/verify answers: the verdict on one image. */
import type { ErrorJson } from '../../errors.ts'
import { output } from './document.ts'
import { EXIT, ref } from './parts.ts'
import { VERDICTS } from './serve-response.ts'
import { BOOL, COUNT, list, object, oneOf, says, TEXT } from './shape.ts'

/** The answer of GET /v1/verify. */
export interface VerifyAnswer {
  /** `repository@digest`: what was judged. */
  readonly image: string
  readonly verdict: string
  readonly exit: number
  readonly findings: readonly ErrorJson[]
  readonly holding: readonly string[]
  readonly cached: boolean
  /** Milliseconds since it was verified. */
  readonly age: number
  readonly policy: string
  readonly keys: string
}

export const schema = output(
  'answer of GET /v1/verify of prov serve',
  object<VerifyAnswer>(
    {
      image: says(TEXT, 'what was judged'),
      verdict: oneOf(VERDICTS),
      exit: EXIT,
      findings: list(ref('error')),
      holding: says(list(TEXT), 'backends that hold a copy that verifies and agrees'),
      cached: BOOL,
      age: says(COUNT, 'milliseconds since it was verified'),
      policy: says(TEXT, 'hash of what was asked for'),
      keys: says(TEXT, 'hash of the trusted keys and identities'),
    },
    {},
  ),
)
