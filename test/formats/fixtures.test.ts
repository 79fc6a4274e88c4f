import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { FormatOptions } from '../../src/formats/format.ts'
import { formatNamed } from '../../src/formats/index.ts'
import { imagesOf, loadInputs } from '../../src/input/index.ts'
import type { Artifact } from '../../src/model/artifact.ts'

interface Row {
  readonly input: string
  readonly kind: 'TaskRun' | 'PipelineRun'
  readonly format: string
  readonly variant: string
  readonly options?: Readonly<Record<string, string>>
  readonly file?: string
  readonly image?: string
  readonly empty?: boolean
  readonly error?: string
  readonly note?: string
  readonly orderVaries?: boolean
}
interface Dependency {
  readonly name?: string
}
type Parsed = Record<string, unknown>

const at = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url))
const rows: readonly Row[] = JSON.parse(readFileSync(at('expected/index.json'), 'utf8'))

const optionsOf = (row: Row): FormatOptions => ({
  builderId: row.options?.['builder.id'] ?? 'https://tekton.dev/chains/v2',
  buildType: row.options?.['builddefinition.buildtype'] ?? 'https://tekton.dev/chains/v2/slsa',
  deepInspection: row.options?.['artifacts.pipelinerun.enable-deep-inspection'] === 'true',
})

async function artifactOf(row: Row): Promise<Artifact | undefined> {
  const { runs } = await loadInputs([at(row.input)])
  const run = runs.find((one) => one.kind === row.kind)
  if (run === undefined) throw new Error(`no ${row.kind} in ${row.input}`)
  if (row.format !== 'simplesigning') return run
  const { images } = imagesOf(run)
  return images.find(({ image }) => `${image.repository}@${image.digest}` === row.image)
}

const parsed = (text: string): Parsed => JSON.parse(text)
const text = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes)

/** Subjects in any order, and without what Chains 0.29 added: that is tested by itself. */
function comparable(row: Row, payload: Parsed): Parsed {
  const subject = payload['subject']
  const sorted = row.orderVaries === true && Array.isArray(subject) ? subject.toSorted(byText) : subject
  return { ...withoutStepActions(row, payload), ...(subject === undefined ? {} : { subject: sorted }) }
}
const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

function withoutStepActions(row: Row, payload: Parsed): Parsed {
  if (row.note === undefined) return payload
  const copy: { predicate: { buildDefinition: { resolvedDependencies: readonly Dependency[] } } } = structuredClone(
    payload,
  ) as never
  const definition = copy.predicate.buildDefinition
  definition.resolvedDependencies = definition.resolvedDependencies.filter(
    (d) => d.name?.startsWith('stepAction/') !== true,
  )
  return copy as unknown as Parsed
}

describe('payloads equal those of Tekton Chains', () => {
  it.each(rows.map((row) => [`${row.input} ${row.variant}`, row] as const))('%s', async (_, row) => {
    const artifact = await artifactOf(row)
    if (row.empty === true) {
      const { runs } = await loadInputs([at(row.input)])
      expect(runs.flatMap((run) => imagesOf(run).images)).toEqual([])
      return
    }
    if (artifact === undefined) throw new Error('the image was not found')
    const format = formatNamed(row.format)
    expect(format.describes(artifact)).toBe(true)
    const options = optionsOf(row)
    if (row.error !== undefined) {
      expect(() => format.payload(artifact, options)).toThrow()
      return
    }
    const made = format.payload(artifact, options)
    expect(text(format.payload(artifact, options))).toBe(text(made))
    const expected = readFileSync(at(row.file ?? ''), 'utf8')
    if (format.kind === 'raw') expect(text(made)).toBe(expected)
    else {
      expect(comparable(row, parsed(text(made)))).toEqual(comparable(row, parsed(expected)))
      expect(text(made)).not.toMatch(/^\s|\n/)
      const said = (parsed(expected)['subject'] ?? []) as readonly { name: string }[]
      expect(
        format
          .subjects(artifact, options)
          .map((s) => s.name)
          .toSorted(),
      ).toEqual(said.map((s) => s.name).toSorted())
    }
  })

  it('covers every format of the fixtures', () => {
    expect(rows.length).toBeGreaterThan(90)
    expect(new Set(rows.map((row) => row.format)).size).toBe(5)
  })
})
