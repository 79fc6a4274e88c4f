import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { formatNamed } from '../../src/formats/index.ts'
import { imagesOf, loadInputs } from '../../src/input/index.ts'
import { readStatement } from '../../src/model/statement.ts'

const at = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url))
const options = {
  builderId: 'https://tekton.dev/chains/v2',
  buildType: 'https://tekton.dev/chains/v2/slsa',
  deepInspection: false,
}

const inputs = [
  ['buildpacks-taskrun', 'runs/buildpacks-taskrun.yaml', 'slsa/v1'],
  ['images-list-taskrun', 'runs/images-list-taskrun.yaml', 'slsa/v2alpha4'],
  ['storefront-pipelinerun', 'runs/storefront-pipelinerun.yaml', 'slsa/v2alpha3'],
] as const

describe('payloads that Chains stored mean what prov makes', () => {
  it.each(inputs)('%s', async (name, input, format) => {
    const { runs } = await loadInputs([at(input)])
    const run = runs.find((one) => one.kind === (name.endsWith('pipelinerun') ? 'PipelineRun' : 'TaskRun'))
    if (run === undefined) throw new Error('no run')
    const annotations: Record<string, string> = JSON.parse(
      readFileSync(at(`stored/tekton/${name}/annotations.json`), 'utf8'),
    )
    const stored = (key: string): Buffer => Buffer.from(annotations[`chains.tekton.dev/payload-${key}`] ?? '', 'base64')

    const statement = stored(`${run.kind.toLowerCase()}-${run.uid}`)
    expect(readStatement(statement)?.predicateType).toBe(formatNamed(format).predicateType)
    const made = formatNamed(format).payload(run, options)
    expect(sorted(JSON.parse(Buffer.from(made).toString()))).toEqual(sorted(JSON.parse(statement.toString())))

    for (const image of imagesOf(run).images) {
      const bytes = formatNamed('simplesigning').payload(image, options)
      expect(Buffer.from(bytes).toString()).toBe(stored(image.image.digest.slice(7, 19)).toString())
    }
  })
})

describe('payloads in the layers that Chains stored beside images of a registry with a port', () => {
  it.each(inputs)('%s', async (name, _, format) => {
    const [input = ''] = globSync(at(`stored/oci/${name}/input.*`))
    const { runs } = await loadInputs([input])
    const run = runs.find((one) => one.kind === (name.endsWith('pipelinerun') ? 'PipelineRun' : 'TaskRun'))
    if (run === undefined) throw new Error('no run')
    const made = JSON.parse(Buffer.from(formatNamed(format).payload(run, options)).toString())
    const envelopes = globSync(at(`stored/oci/${name}/**/*.att.layer0`))
    expect(envelopes.length).toBeGreaterThan(0)
    for (const file of envelopes) {
      const { payload } = JSON.parse(readFileSync(file, 'utf8'))
      expect(sorted(made)).toEqual(sorted(JSON.parse(Buffer.from(payload, 'base64').toString())))
    }
    const images = imagesOf(run).images.map((image) =>
      Buffer.from(formatNamed('simplesigning').payload(image, options)).toString(),
    )
    const layers = globSync(at(`stored/oci/${name}/**/*.sig.layer0`)).map((file) => readFileSync(file, 'utf8'))
    expect(images.toSorted()).toEqual(layers.toSorted())
  })
})

function sorted(statement: { subject?: unknown[] }): unknown {
  const text = (value: unknown): string => JSON.stringify(value)
  return { ...statement, subject: statement.subject?.toSorted((a, b) => (text(a) < text(b) ? -1 : 1)) }
}
