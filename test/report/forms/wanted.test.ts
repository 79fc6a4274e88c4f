import { expect, it } from 'vitest'
import { wantedReports } from '../../../src/report/forms/wanted.ts'

const read = (output: readonly string[], more: object = {}, env = {}) => wantedReports({ output, ...more }, env)

it('reads forms and files', () => {
  expect(read(['jsonl', 'junit=a=b.xml'], { report: 'p.html' })).toEqual([
    { form: 'jsonl', to: { kind: 'stdout' } },
    { form: 'junit', to: { kind: 'file', path: 'a=b.xml' } },
    { form: 'html', to: { kind: 'file', path: 'p.html' } },
  ])
})

it("adds a job summary to GitHub's file, unless another is named or there is none", () => {
  const env = { GITHUB_STEP_SUMMARY: '/tmp/summary' }
  expect(read(['github'], {}, env)).toEqual([{ form: 'github', to: { kind: 'append', path: '/tmp/summary' } }])
  expect(read(['github=x.md'], {}, env)).toEqual([{ form: 'github', to: { kind: 'file', path: 'x.md' } }])
  expect(read(['github'])).toEqual([{ form: 'github', to: { kind: 'stdout' } }])
})

it.each([
  [['junt'], {}, 'unknown report form "junt"', 'did you mean junit?'],
  [['html=x'], {}, 'unknown report form "html"', 'use --report FILE.html'],
  [['jsonl='], {}, '--output jsonl= names no file', undefined],
  [['jsonl', 'vsa'], {}, 'jsonl and vsa cannot both go to standard output', 'name a file: --output vsa=FILE'],
  [
    ['sarif'],
    { json: true },
    '--json and --output sarif both go to standard output',
    'name a file: --output sarif=FILE',
  ],
  [['sarif=x', 'junit=x'], {}, 'two reports name the file x', 'give each a file of its own'],
  [['sarif=x', 'junit=./x'], {}, 'two reports name the file x', 'give each a file of its own'],
  [['sarif=x'], { report: 'x' }, 'two reports name the file x', 'give each a file of its own'],
  [['sarif=x'], { vsaKey: 'k' }, '--vsa-key signs what --output vsa makes', 'add --output vsa=FILE'],
  [[], { report: '' }, '--report names no file', undefined],
])('%j %j is refused', (output, more, message, hint) => {
  expect(() => read(output, more)).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining(message), hint }),
  )
})
