/**
 * `cosign-sign`: the Statement by which cosign 3 signs an image, for stores that keep Sigstore bundles. It says the digest and
 * nothing else; spelled as cosign's protojson does, but for the spaces that comes with at random.
 */

import { ProvError } from '../errors.ts'
import type { Artifact, ImageRef } from '../model/artifact.ts'
import { STATEMENT_TYPE } from '../model/entry.ts'
import type { Format } from './format.ts'

export const COSIGN_SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1'

export const cosignSign: Format = {
  name: 'cosign-sign',
  kind: 'dsse',
  payloadType: STATEMENT_TYPE,
  predicateType: COSIGN_SIGN_PREDICATE,
  role: 'signature',
  describes: (artifact) => artifact.type === 'image',
  subjects: (artifact) => {
    const { repository, digest } = imageOf(artifact)
    return [{ name: repository, digest: { sha256: digest.slice('sha256:'.length) } }]
  },
  payload: (artifact) => {
    const sha256 = imageOf(artifact).digest.slice('sha256:'.length)
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256 }, annotations: {} }],
      predicateType: COSIGN_SIGN_PREDICATE,
      predicate: {},
    }
    return Buffer.from(JSON.stringify(statement))
  },
}

function imageOf(artifact: Artifact): ImageRef {
  if (artifact.type === 'image') return artifact.image
  throw new ProvError('internal', `cosign-sign was asked for a payload of ${artifact.type}`)
}
