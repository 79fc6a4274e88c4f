/** From marks to an exit status, a rule a line. */
import { describe, expect, test } from 'vitest'
import type { Mark, Row } from '../../../src/verify/agree.ts'
import { type Demands, verdictOf } from '../../../src/verify/verdict.ts'

const CODES = { '*': 'drift', '#': 'signature_invalid', '+': 'absent', '!': 'unreachable' } as const

/** `a=`: backend a has the mark `=`; `a=v1`: in format v1. */
function row(text: string): Row {
  const mark = text[1] as Mark
  const code = mark in CODES ? CODES[mark as keyof typeof CODES] : undefined
  return {
    backend: text[0] ?? '',
    mark,
    slot: `${text[0]}-slot`,
    format: text.slice(2) || 'v1',
    ...(code === undefined ? {} : { error: { code, message: `${code} there` } }),
  }
}

function settled(rows: string, demands: Partial<Demands> = {}, strangers = 0) {
  const stranger = { code: 'stranger' as const, message: 'x', backend: 'a', location: 'l' }
  const agreement = {
    rows: rows.split(' ').filter(Boolean).map(row),
    strangers: Array.from({ length: strangers }, () => stranger),
    references: [],
  }
  return verdictOf(agreement, { optional: [], strict: false, ...demands })
}

describe('exit', () => {
  const RULES: readonly (readonly [string, string, Partial<Demands>, number])[] = [
    ['all agree', 'a= b=', {}, 0],
    ['a re-sign agrees', 'a= b~', {}, 0],
    ['what is not kept is no matter', 'a= bx', {}, 0],
    ['drift is 4', 'a* b*', {}, 4],
    ['what does not verify is 3', 'a= b#', {}, 3],
    ['absent is 5', 'a= b+', {}, 5],
    ['not readable is 6', 'a= b!', {}, 6],
    ['3 goes before 4', 'a* b* c#', {}, 3],
    ['4 goes before 5', 'a* b* c+', {}, 4],
    ['5 goes before 6', 'a= b+ c!', {}, 5],
    ['optional forgives absent', 'a= b+', { optional: ['b'] }, 0],
    ['optional forgives not readable', 'a= b!', { optional: ['b'] }, 0],
    ['optional forgives no other backend', 'a= b+', { optional: ['c'] }, 5],
    ['optional forgives no drift', 'a= b*', { optional: ['b'] }, 4],
    ['optional forgives nothing that does not verify', 'a= b#', { optional: ['b'] }, 3],
    ['enough holders forgive absent', 'a= b= c+', { require: 2 }, 0],
    ['enough holders forgive not readable', 'a= b~ c!', { require: 2 }, 0],
    ['too few do not', 'a= b+ c+', { require: 2 }, 5],
    ['enough holders forgive no drift', 'a= b= c*', { require: 2 }, 4],
    ['enough holders forgive nothing that does not verify', 'a= b= c#', { require: 2 }, 3],
    ['too few holders without any other finding is 5', 'a= bx', { require: 2 }, 5],
    ['a backend that holds one of two places holds none', 'a= a+v2 b=', { require: 2 }, 5],
    ['nothing at all is 5', '', {}, 5],
    ['not kept anywhere is 5', 'ax bx', {}, 5],
    ['all absent and optional is 5', 'a+ b+', { optional: ['a', 'b'] }, 5],
    ['all optional, one not readable, is 6', 'a+ b!', { optional: ['a', 'b'] }, 6],
    ['a format of which nothing verifies is 5, though another agrees', 'a= b+v2', { optional: ['b'] }, 5],
    ['a format that drifts was verified', 'a*v1 b*v1', { optional: ['a', 'b'] }, 4],
    ['a re-signed copy is one that verifies', 'a~', {}, 0],
    ['drift alone is no lack of copies', 'a*', {}, 4],
  ]
  test.each(RULES)('%s', (_, rows, demands, exit) => {
    expect(settled(rows, demands).exit).toBe(exit)
  })

  test('strangers count only when asked for', () => {
    expect(settled('a=', {}, 1)).toMatchObject({ exit: 0, findings: [] })
    expect(settled('a=', { strict: true }, 1)).toMatchObject({ exit: 3, findings: [{ code: 'stranger' }] })
  })
})

describe('findings', () => {
  const codes = (rows: string, demands: Partial<Demands> = {}) =>
    settled(rows, demands).findings.map(({ code }) => code)

  test('the gravest comes first, each with its backend and where', () => {
    expect(codes('a= b+ c#')).toEqual(['signature_invalid', 'absent'])
    expect(codes('a= b! c+')).toEqual(['absent', 'unreachable'])
    expect(settled('a= b+').findings).toEqual([
      { code: 'absent', message: 'absent there', backend: 'b', location: 'b-slot' },
    ])
  })

  test('the location is that of the copy where there is one, and none where nobody knows', () => {
    const at = (more: object) =>
      verdictOf(
        { rows: [row('a='), { ...row('b#'), ...more }], strangers: [], references: [] },
        { optional: [], strict: false },
      ).findings[0]
    expect(at({ location: 'copy' })).toMatchObject({ location: 'copy' })
    expect(at({ slot: undefined })).not.toHaveProperty('location')
  })

  test('what is forgiven is no finding', () => {
    expect(codes('a= b+', { optional: ['b'] })).toEqual([])
    expect(codes('a= b+ c!', { require: 1 })).toEqual([])
  })

  test('nothing verified is said beside each reason', () => {
    expect(codes('a+')).toEqual(['absent', 'nothing_verified'])
    expect(codes('a+', { optional: ['a'] })).toEqual(['nothing_verified'])
    expect(codes('a!', { optional: ['a'] })).toEqual(['unreachable'])
    expect(settled('a!', { optional: ['a'] }).findings[0]?.message).toMatch(/not one copy .*unreachable there/)
    expect(codes('a= b=')).toEqual([])
    expect(codes('a~')).toEqual([])
    expect(codes('a*')).toEqual(['drift'])
  })

  test('too few holders is said only where nothing else is', () => {
    expect(codes('a= bx', { require: 2 })).toEqual(['absent'])
    expect(codes('a= b#', { require: 2 })).toEqual(['signature_invalid'])
    expect(codes('a= b=', { require: 2 })).toEqual([])
    expect(settled('a= bx', { require: 2 }).findings[0]?.message).toMatch(/^1 of the 2 backends/)
  })

  test('a mark without a reason is a defect of ours', () => {
    const rows = [row('a='), { backend: 'b', format: 'v1', mark: '#' as const }]
    expect(verdictOf({ rows, strangers: [], references: [] }, { optional: [], strict: false }).findings).toEqual([
      { code: 'internal', message: 'mark # without a reason', backend: 'b' },
    ])
  })
})

test('holding are the backends whose every place agrees', () => {
  expect(settled('a= b~ c* d# e+ f! gx').holding).toEqual(['a', 'b'])
  expect(settled('a= a+v2 b= b~v2').holding).toEqual(['b'])
})
