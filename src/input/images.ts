/** The images of a run that are signed on their own. Pure. */

import { taskRunView } from '../formats/tekton/run-view.ts'
import { hintedImages, type SkippedImage } from '../formats/tekton/type-hints.ts'
import type { ImageArtifact, RunArtifact } from '../model/artifact.ts'
import { tryImage } from '../model/image-reference.ts'

export interface RunImages {
  readonly images: readonly ImageArtifact[]
  /** What Chains passes over with a line in its log; a report says so. */
  readonly skipped: readonly SkippedImage[]
}

/**
 * Images named in the results of a TaskRun, in the order of the type hints, once each. A PipelineRun has none of its own: as in Chains,
 * its TaskRuns have them.
 *
 * @example imagesOf(run).images[0]?.image.repository // 'ghcr.io/acme/app'
 */
export function imagesOf(run: RunArtifact): RunImages {
  if (run.kind === 'PipelineRun') return { images: [], skipped: [] }
  const found = hintedImages(taskRunView(run).results)
  const skipped: SkippedImage[] = [...found.skipped]
  const images = found.images.flatMap(({ result, repository, digest }): readonly ImageArtifact[] => {
    const read = tryImage(`${repository}@${digest}`)
    if (!('reason' in read)) return [{ type: 'image', image: read, run }]
    skipped.push({ result, value: `${repository}@${digest}`, reason: read.reason })
    return []
  })
  return { images, skipped }
}
