import { expect, it } from 'vitest'
import { parseBackendList, parseFormats } from '../../src/config/lists.ts'
import { nearest } from '../../src/platform/text/suggest.ts'

it('reads a list of backends in its order, each once', () => {
  expect(parseBackendList('tekton, oci')).toEqual(['tekton', 'oci'])
  expect(parseBackendList('oci,tekton,oci')).toEqual(['oci', 'tekton'])
  expect(parseBackendList('', { empty: true })).toEqual([])
})

it.each(['', ' ', ',', 'tekton,', ',oci', 'a,,b'])('refuses the list "%s"', (text) => {
  expect(() => parseBackendList(text)).toThrow(expect.objectContaining({ code: 'usage' }))
  expect(() => parseFormats(text)).toThrow(expect.objectContaining({ code: 'usage' }))
})

it('reads formats for all, for some, and for the rest', () => {
  expect(parseFormats('slsa/v1').of('anything')).toBe('slsa/v1')
  const some = parseFormats('tekton=slsa/v1, docdb = slsa/v2alpha4')
  expect(some.backends).toEqual(['tekton', 'docdb'])
  expect(['tekton', 'docdb', 'oci'].map(some.of)).toEqual(['slsa/v1', 'slsa/v2alpha4', undefined])
  expect(parseFormats('docdb=slsa/v2alpha4,slsa/v1').of('oci')).toBe('slsa/v1')
  expect(parseFormats('a=x,a=x').backends).toEqual(['a'])
})

it.each(['tekton=', '=slsa/v1', 'a=x,a=y', 'x,y'])('refuses the formats "%s"', (text) => {
  expect(() => parseFormats(text)).toThrow(expect.objectContaining({ code: 'usage' }))
})

it.each([
  ['terkton', 'tekton'],
  ['OCI', 'oci'],
  ['oic', 'oci'],
  ['xyz', undefined],
  ['', undefined],
  ['t'.repeat(100_000), undefined],
])('takes %s for %s', (written, meant) => {
  expect(nearest(written, ['tekton', 'oci', 'memory'])).toBe(meant)
})
