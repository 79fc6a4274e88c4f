/** `simplesigning`: what cosign signs of an image (sigstore pkg/signature/payload; Chains formats/simple). */

import { SIMPLESIGNING_TYPE } from '../model/entry.ts'
import type { Format } from './format.ts'
import { imageFormat } from './kinds.ts'
import { goJson } from './tekton/values.ts'

export const simplesigning: Format = imageFormat(
  { name: 'simplesigning', kind: 'raw', payloadType: SIMPLESIGNING_TYPE, predicateType: undefined },
  ({ repository, digest }) =>
    `{"critical":{"identity":{"docker-reference":${goJson(repository)}},` +
    `"image":{"docker-manifest-digest":${goJson(digest)}},"type":"cosign container image signature"},"optional":null}`,
)
