import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { FormatOptions } from '../../src/formats/format.ts'
import { formatNamed } from '../../src/formats/index.ts'
import { byBytes } from '../../src/formats/tekton/values.ts'
import { imagesOf, loadInputs } from '../../src/input/index.ts'

interface Row {
  readonly run: string
  readonly format: string
  readonly options?: Readonly<Record<string, string>>
  readonly image?: string
  readonly sha256?: string
  readonly error?: true
  readonly empty?: true
  readonly orderVaries?: true
}

const at = (name: string): string => fileURLToPath(new URL(`../../fixtures/generated/${name}`, import.meta.url))
const rows: readonly Row[] = JSON.parse(readFileSync(at('expected.json'), 'utf8'))
const { runs } = await loadInputs([at('runs.json')])

const optionsOf = (row: Row): FormatOptions => ({
  builderId: 'https://tekton.dev/chains/v2',
  buildType: row.options?.['builddefinition.buildtype'] ?? 'https://tekton.dev/chains/v2/slsa',
  deepInspection: row.options?.['artifacts.pipelinerun.enable-deep-inspection'] === 'true',
})

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => byBytes(a, b))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`
}

function digestOf(row: Row, payload: Uint8Array): string {
  const text = Buffer.from(payload).toString('utf8')
  const value = JSON.parse(text) as { subject?: unknown[] }
  if (row.orderVaries) value.subject?.sort((a, b) => byBytes(canonical(a), canonical(b)))
  return createHash('sha256')
    .update(row.format === 'simplesigning' ? text : canonical(value))
    .digest('hex')
}

const title = (row: Row): string =>
  [row.run, row.format, ...Object.values(row.options ?? {}), row.image ?? ''].join(' ')

describe('payloads of generated runs equal those of Tekton Chains', () => {
  it.each(rows.map((row) => [title(row), row] as const))('%s', (_, row) => {
    const run = runs.find((one) => one.name === row.run)
    if (run === undefined) throw new Error(`no run ${row.run}`)
    const { images, skipped } = imagesOf(run)
    const format = formatNamed(row.format)
    if (row.empty) {
      expect(images).toEqual([])
      return
    }
    if (row.format === 'simplesigning') {
      const image = images.find((one) => `${one.image.repository}@${one.image.digest}` === row.image)
      if (image === undefined) {
        // Chains signs the "image" https://…; no registry can hold one, so prov reports it
        expect(skipped.some((one) => one.value === row.image && /URL/.test(one.reason))).toBe(true)
        return
      }
      expect(digestOf(row, format.payload(image, optionsOf(row)))).toBe(row.sha256)
    } else if (row.error) {
      expect(() => format.payload(run, optionsOf(row))).toThrow(expect.objectContaining({ code: 'input_invalid' }))
    } else {
      expect(digestOf(row, format.payload(run, optionsOf(row)))).toBe(row.sha256)
    }
  })
})
