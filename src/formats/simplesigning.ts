/** `simplesigning`: what cosign signs of an image (sigstore pkg/signature/payload; Chains formats/simple). */

import { ProvError } from '../errors.ts'
import type { Artifact, ImageRef } from '../model/artifact.ts'
import { SIMPLESIGNING_TYPE } from '../model/entry.ts'
import type { Format } from './format.ts'
import { goJson } from './tekton/values.ts'

export const simplesigning: Format = {
  name: 'simplesigning',
  kind: 'raw',
  payloadType: SIMPLESIGNING_TYPE,
  predicateType: undefined,
  describes: (artifact) => artifact.type === 'image',
  subjects: (artifact) => {
    const { repository, digest } = imageOf(artifact)
    return [{ name: repository, digest: { sha256: digest.slice('sha256:'.length) } }]
  },
  payload: (artifact) => {
    const { repository, digest } = imageOf(artifact)
    const text =
      `{"critical":{"identity":{"docker-reference":${goJson(repository)}},` +
      `"image":{"docker-manifest-digest":${goJson(digest)}},"type":"cosign container image signature"},"optional":null}`
    return Buffer.from(text, 'utf8')
  },
}

function imageOf(artifact: Artifact): ImageRef {
  if (artifact.type === 'image') return artifact.image
  throw new ProvError('internal', `simplesigning was asked for a payload of ${artifact.type}`)
}
