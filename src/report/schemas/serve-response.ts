/** What POST /verify and POST /mutate answer: items in the order of the keys, or a fault of the whole request. */
import type { VerdictWord } from '../../cache/judged.ts'
import { file } from './document.ts'
import { EXIT } from './parts.ts'
import { API_VERSION } from './serve-request.ts'
import { BOOL, COUNT, list, object, oneOf, says, TEXT } from './shape.ts'

/** The value of one item of /verify. */
export interface VerifyValue {
  /** The only member that a policy needs: true for `verified`. */
  readonly isSuccess: boolean
  readonly verdict: string
  readonly exit: number
  readonly cached: boolean
  /** Milliseconds since it was verified. */
  readonly age: number
  /** With `serve.tags`, of a key without a digest: what was judged. */
  readonly image?: string
  /** Of what is not verified: the first finding. */
  readonly reason?: string
}

export interface ProviderItem {
  readonly key: string
  readonly value?: VerifyValue | string
  readonly error?: string
}

export interface ProviderResponse {
  readonly apiVersion: string
  readonly kind: 'ProviderResponse'
  readonly response: {
    /** Only where it changes something. */
    readonly idempotent?: true
    readonly items?: readonly ProviderItem[]
    readonly systemError?: string
  }
}

/** Every word of a verdict. */
export const VERDICTS: Readonly<Record<VerdictWord, true>> = {
  verified: true,
  refused: true,
  absent: true,
  unknown: true,
}

const VALUE = object<VerifyValue>(
  {
    isSuccess: says(BOOL, 'true for verified, and for nothing else'),
    verdict: oneOf(VERDICTS),
    exit: EXIT,
    cached: BOOL,
    age: says(COUNT, 'milliseconds since it was verified'),
  },
  { image: says(TEXT, 'what was judged, of a key without a digest'), reason: says(TEXT, 'the first finding') },
)

const ITEM = object<ProviderItem>(
  { key: TEXT },
  {
    value: says({ oneOf: [VALUE, TEXT] }, 'of /mutate: the image by its digest'),
    error: says(TEXT, 'in place of a value'),
  },
)

export const schema = file(
  'answer of POST /verify and POST /mutate of prov serve',
  object<ProviderResponse>(
    {
      apiVersion: { const: API_VERSION },
      kind: { const: 'ProviderResponse' },
      response: object<ProviderResponse['response']>(
        {},
        {
          idempotent: says({ const: true }, 'of /mutate'),
          items: list(ITEM),
          systemError: says(TEXT, 'in place of items: the request as a whole was not served'),
        },
      ),
    },
    {},
  ),
)
