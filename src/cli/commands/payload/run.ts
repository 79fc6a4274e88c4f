/** The work of `prov payload`. */

import { ProvError } from '../../../errors.ts'
import { formatNamed } from '../../../formats/index.ts'
import { inputText } from '../../../input/count.ts'
import { type Artifact, artifactName } from '../../../model/artifact.ts'
import { parseImage } from '../../../model/image-reference.ts'
import { type Io, write } from '../../../platform/io.ts'
import { jsonText } from '../../../platform/text/json-text.ts'
import { artifactsOf } from '../../../setup/artifacts.ts'
import { formatOptions } from '../../../setup/formats.ts'
import { settingsFor } from '../../../setup/settings.ts'
import { warn, worldOf } from '../../world.ts'
import type { PayloadOptions } from './flags.ts'

/** Prints the payload; nothing, with the reason on stderr, when there is nothing to sign. */
export async function runPayload(inputs: readonly string[], options: PayloadOptions, io: Io): Promise<void> {
  const settings = await settingsFor(options, worldOf(io, options))
  const isStatement = options.statement.length > 0 || options.predicate !== undefined
  const asked = isStatement && options.format === 'slsa/v1' ? 'statement' : options.format
  const format = formatNamed(asked)
  const chooses = inputs.length > 0
  const { artifacts, notes, input } = await artifactsOf(
    inputs,
    { ...options, image: chooses ? [] : options.image },
    worldOf(io, options),
  )
  if (input !== undefined) warn(io, options, inputText(input))
  for (const note of notes) warn(io, options, note)
  const fitting = artifacts.filter((artifact) => format.describes(artifact))
  const chosen = choose(fitting, options, chooses ? options.image : [])
  if (chosen === undefined) {
    warn(
      io,
      options,
      `nothing to sign: the input has no ${format.kind === 'raw' ? 'image' : 'artifact'} for ${format.name}`,
    )
    if (options.json === true) await write(io.stdout, 'null\n')
    return
  }
  const payload = format.payload(chosen, formatOptions(settings))
  if (options.json === true) {
    const json = { artifact: artifactName(chosen), format: format.name, payloadType: format.payloadType, input }
    await write(io.stdout, jsonText({ ...json, payload: Buffer.from(payload).toString('base64') }))
  } else {
    await write(io.stdout, payload)
  }
}

function choose(
  fitting: readonly Artifact[],
  options: PayloadOptions,
  images: readonly string[],
): Artifact | undefined {
  const named = images.map(parseImage)
  const wanted = fitting.filter((artifact) => {
    if (artifact.type !== 'image' || named.length === 0) return true
    return named.some(
      ({ repository, digest }) => artifact.image.repository === repository && artifact.image.digest === digest,
    )
  })
  if (named.length > 0 && fitting.length > 0 && wanted.length === 0) {
    throw new ProvError('run_not_found', `the input names no image ${images.join(', ')}`, {
      hint: `it names ${fitting.map(artifactName).join(', ')}`,
    })
  }
  const pipelines = wanted.filter((artifact) => artifact.type === 'run' && artifact.kind === 'PipelineRun')
  const only = wanted.length > 1 && pipelines.length === 1 ? pipelines : distinct(wanted)
  if (only.length <= 1) return only[0]
  const flag = only.some((artifact) => artifact.type === 'image') ? '--image' : '--run'
  throw new ProvError('run_ambiguous', `the input gives ${only.length} payloads of ${options.format}`, {
    hint: `choose one with ${flag}: ${only.slice(0, 5).map(artifactName).join(', ')}`,
  })
}

/** One image that several runs report has one payload. */
function distinct(artifacts: readonly Artifact[]): readonly Artifact[] {
  const seen = new Map(artifacts.map((artifact) => [artifactName(artifact), artifact]))
  return [...seen.values()]
}
