import { expect, test } from 'vitest'
import { type CaseRow, conformReport } from '../../../src/conform/report.ts'
import { conformText } from '../../../src/report/text/conform-text.ts'
import { LINES } from '../../conformance/lines.ts'

const rows = (reason: string): readonly CaseRow[] => [
  { kind: 'dsse', line: 'bytes', says: LINES.bytes, result: 'pass' },
  { kind: 'dsse', line: 'another', says: LINES.another, result: 'fail', reason },
  { kind: 'dsse', line: 'seal', says: LINES.seal, result: 'not_run', reason: 'the backend has no `seal`' },
  { kind: 'dsse', line: 'logProof', says: LINES.logProof, result: 'gap', reason: 'no place for it' },
  { kind: 'raw', line: 'bytes', says: LINES.bytes, result: 'pass' },
  { kind: 'raw', line: 'another', says: LINES.another, result: 'pass' },
  { kind: 'raw', line: 'seal', says: LINES.seal, result: 'not_run', reason: 'the backend has no `seal`' },
  { kind: 'raw', line: 'logProof', says: LINES.logProof, result: 'fail', reason: 'it holds' },
]

test('one row a line, one column a kind; a reason once where it is the same', () => {
  const report = conformReport('./mine.js', 'mine', rows("expected 'occupied', found 'written'"))
  expect(conformText(report, { width: undefined, colour: false })).toBe(`\
dsse     raw      line of the suite
pass     pass     bytes: ${LINES.bytes}
FAIL     pass     another: ${LINES.another}
    dsse: expected 'occupied', found 'written'
not run  not run  seal: ${LINES.seal}
    the backend has no \`seal\`
gap      FAIL     logProof: ${LINES.logProof}
    dsse: no place for it
    raw: it holds

mine does not conform (exit 3): 3 passed, 2 failed, 1 known gaps, 2 not run
`)
})

test('60 columns are enough, and control characters are spelled out', () => {
  const report = conformReport(
    './mine.js',
    'mine',
    rows('found \u001b[2J and then some more words, as many as it takes'),
  )
  const text = conformText(report, { width: 60, colour: false })
  expect(text.split('\n').filter((line) => line.length > 60)).toEqual([])
  expect(text).toContain('\\u001b[2J')
})

test('exit: 3 with a failure, 0 with a line that passed, 5 when nothing is proven', () => {
  const exit = (...cases: readonly CaseRow[]): number => conformReport('f', 'b', cases).exit
  const row = { kind: 'dsse', says: 'x' } as const
  expect(exit({ ...row, line: 'close', result: 'pass' }, { ...row, line: 'seal', result: 'not_run' })).toBe(0)
  expect(exit({ ...row, line: 'close', result: 'pass' }, { ...row, line: 'seal', result: 'fail' })).toBe(3)
  expect(exit({ ...row, line: 'close', result: 'gap' }, { ...row, line: 'seal', result: 'not_run' })).toBe(5)
  expect(exit({ ...row, result: 'pass' })).toBe(5)
  expect(exit()).toBe(5)
})
