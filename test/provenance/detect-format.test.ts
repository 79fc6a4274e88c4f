import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { STATEMENT_TYPE } from '../../src/model/entry.ts'
import { formatsOf } from '../../src/provenance/detect-format.ts'

interface Row {
  readonly format: string
  readonly file?: string
}

const rows = (JSON.parse(readFileSync('fixtures/expected/index.json', 'utf8')) as readonly Row[]).filter(
  (row) => row.format.startsWith('slsa/') && row.file !== undefined,
)

describe('every payload of Chains is of the format it was made in', () => {
  test.each(rows)('$format of $file', ({ format, file }) => {
    const payload = readFileSync(`fixtures/${file}`)
    expect(formatsOf({ kind: 'dsse', payloadType: STATEMENT_TYPE, payload, signatures: [] })).toContain(format)
  })

  test('the makes of SLSA v1.0 are told apart wherever there are byproducts', () => {
    const told = rows.filter(({ format, file }) => {
      const payload = readFileSync(`fixtures/${file}`)
      const formats = formatsOf({ kind: 'dsse', payloadType: STATEMENT_TYPE, payload, signatures: [] })
      return formats.length === 1 && formats[0] === format
    })
    expect(told.length).toBeGreaterThan(rows.length / 2)
  })
})
