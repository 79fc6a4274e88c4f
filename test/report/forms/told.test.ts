import { beforeAll, describe, expect, it } from 'vitest'
import { differencesBetween } from '../../../src/model/difference.ts'
import { told } from '../../../src/report/forms/told.ts'
import { aboutRun, attest, item, reading, signer, taskRun, trustOf } from '../../support/makers.ts'
import { verified } from './scene.ts'

type Told = ReturnType<typeof told>
const counted = ({ rows }: Told): readonly (string | undefined)[] => rows.map(({ counts }) => counts?.code)

describe('which findings count', () => {
  const run = taskRun('a')
  const about = aboutRun(run)
  const down = { backend: 's3', error: { code: 'unreachable', message: 'down' } as const }
  let looks: Parameters<typeof verified>[1]
  let good: Parameters<typeof verified>[1][number]
  beforeAll(async () => {
    const ours = await signer()
    const trust = trustOf(ours)
    const foreign = await attest(taskRun('b', { image: 'a' }), await signer())
    good = reading(about, 'oci', 'many', [item(await attest(run, ours)), item(foreign, 'theirs')], trust)
    looks = [good, reading(about, 'docdb', 'one', [], trust), down]
  })

  it('all of them, when every backend is required', () => {
    expect(counted(told(verified(about, looks, { optional: [], strict: false })))).toEqual([
      undefined,
      'absent',
      'unreachable',
    ])
  })

  it('not those of an optional backend', () => {
    expect(counted(told(verified(about, looks, { optional: ['s3'], strict: false })))).toEqual([
      undefined,
      'absent',
      undefined,
    ])
  })

  it('none, when enough agree', () => {
    expect(counted(told(verified(about, looks, { optional: [], require: 1, strict: false })))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('as often as they were found, where two formats lack every copy', () => {
    const one = verified(about, looks.slice(1), { optional: ['s3'], strict: false })
    const { code, message } = { code: 'nothing_verified', message: 'not one copy was found and verified' } as const
    const findings = [...one.findings.slice(0, 1), { code, message }, { code, message }]
    expect(told({ ...one, findings }).beyond).toEqual([
      { code, message },
      { code, message },
    ])
  })

  it('strangers with --strict only', () => {
    const of = (strict: boolean): readonly boolean[] =>
      told(verified(about, [good], { optional: [], strict })).strangers.map(({ counts }) => counts)
    expect([of(false), of(true)]).toEqual([[false], [true]])
  })

  it('and those that no row tells', () => {
    const { beyond } = told(verified(about, [good], { optional: [], require: 2, strict: false }))
    expect(beyond.map(({ code }) => code)).toEqual(['absent'])
  })
})

describe('differences', () => {
  const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

  it('are pointers with both values, of what differs only', () => {
    expect(
      differencesBetween(bytes({ a: 1, b: { 'x/y': [1, 2] }, c: 3 }), bytes({ a: 1, b: { 'x/y': [1, 'z'] }, d: null })),
    ).toEqual([
      { pointer: '/b/x~1y/1', reference: '2', copy: '"z"' },
      { pointer: '/c', reference: '3' },
      { pointer: '/d', copy: 'null' },
    ])
  })

  it('of one meaning are the text where it is spelled otherwise', () => {
    expect(differencesBetween(bytes('{"a":1}'), bytes('{"a": 1}'))).toEqual([
      { pointer: '', reference: '{"a":1}', copy: '{"a": 1}' },
    ])
    expect(differencesBetween(bytes('{}'), bytes('{}'))).toEqual([])
  })

  it('are bounded in number and length, and cut around what differs', () => {
    const long = (end: string): object => ({ v: `${'x'.repeat(5000)}${end}` })
    const [one] = differencesBetween(bytes(long('left')), bytes(long('right')))
    expect(one).toEqual({ pointer: '/v', reference: `…${'x'.repeat(30)}left"`, copy: `…${'x'.repeat(30)}right"` })
    const wide = (n: number): object =>
      Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, `${n}`.repeat(9999)]))
    const all = differencesBetween(bytes(wide(1)), bytes(wide(2)))
    expect(all).toHaveLength(20)
    expect(JSON.stringify(all).length).toBeLessThan(20 * 500)
  })
})
