/**
 * `cosign-sign`: the Statement by which cosign 3 signs an image, for stores that keep Sigstore bundles. It says the digest and
 * nothing else; spelled as cosign's protojson does, but for the spaces that comes with at random.
 */

import { STATEMENT_TYPE } from '../model/entry.ts'
import type { Format } from './format.ts'
import { imageFormat } from './kinds.ts'

export const COSIGN_SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1'

export const cosignSign: Format = imageFormat(
  {
    name: 'cosign-sign',
    kind: 'dsse',
    payloadType: STATEMENT_TYPE,
    predicateType: COSIGN_SIGN_PREDICATE,
    role: 'signature',
  },
  ({ digest }) =>
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: digest.slice('sha256:'.length) }, annotations: {} }],
      predicateType: COSIGN_SIGN_PREDICATE,
      predicate: {},
    }),
)
