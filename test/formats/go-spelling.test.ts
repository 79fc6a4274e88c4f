/** Values that Go writes back in a spelling of its own: each row as Tekton's and Kubernetes' own packages print it. */
import { describe, expect, it } from 'vitest'
import { canonicalDuration } from '../../src/formats/go/duration.ts'
import { canonicalQuantity } from '../../src/formats/go/quantity.ts'
import { goStruct } from '../../src/formats/go/struct.ts'
import { parseTime } from '../../src/formats/go/time.ts'

describe('quantities', () => {
  it.each([
    ['1', '1'],
    ['0', '0'],
    ['0Ki', '0'],
    ['1000m', '1'],
    ['0.5', '500m'],
    ['1.5', '1500m'],
    ['1.500', '1.500'],
    ['1.5Gi', '1536Mi'],
    ['1024Mi', '1Gi'],
    ['1000Mi', '1000Mi'],
    ['1024', '1024'],
    ['1000', '1k'],
    ['1000k', '1M'],
    ['12000000000000000000000', '12'],
    ['0.1m', '100u'],
    ['0.0000000001', '1n'],
    ['0.1Ki', '102400m'],
    ['9Ei', '9223372036854775807'],
    ['1e3', '1e3'],
    ['1e4', '10e3'],
    ['-0.5', '-500m'],
    ['+5', '+5'],
    ['005', '005'],
    [' 5 ', '5'],
    ['-1820.5Ki', '-1864192'],
  ])('%s is written %s', (given, written) => {
    expect(canonicalQuantity(given)).toBe(written)
  })

  it.each(['', '1x', '1ki', 'Ki1', '1.2.3', '1 Gi', '--1', '1e'])('%j is none', (given) => {
    expect(canonicalQuantity(given)).toBeUndefined()
  })
})

describe('durations', () => {
  it.each([
    ['1h', '1h0m0s'],
    ['90m', '1h30m0s'],
    ['1.5h', '1h30m0s'],
    ['0', '0s'],
    ['0s', '0s'],
    ['60s', '1m0s'],
    ['1h0m0s', '1h0m0s'],
    ['36h', '36h0m0s'],
    ['1500ms', '1.5s'],
    ['1.5ms', '1.5ms'],
    ['300us', '300\u00b5s'],
    ['7ns', '7ns'],
    ['-1m', '-1m0s'],
    ['1m30.25s', '1m30.25s'],
  ])('%s is written %s', (given, written) => {
    expect(canonicalDuration(given)).toBe(written)
  })

  it.each(['', '1', '1d', 'h', '1h 2m', '1hx', '3000000h', '-'])('%j is none', (given) => {
    expect(canonicalDuration(given)).toBeUndefined()
  })
})

describe('a spec as Go writes it back', () => {
  it('spells durations and quantities anew', () => {
    const spec = { timeout: '1h', computeResources: { limits: { cpu: 1.5, memory: '1024Mi' } } }
    expect(JSON.parse(goStruct(spec, 'TaskRunSpec', 'spec'))).toEqual({
      serviceAccountName: '',
      timeout: '1h0m0s',
      computeResources: { limits: { cpu: '1500m', memory: '1Gi' } },
    })
  })

  it('refuses what is no duration or quantity, as Tekton would', () => {
    expect(() => goStruct({ timeout: 'soon' }, 'TaskRunSpec', 'spec')).toThrow(/spec\.timeout must be a duration/)
    const spec = { computeResources: { limits: { cpu: 'much' } } }
    expect(() => goStruct(spec, 'TaskRunSpec', 'spec')).toThrow(/must be a quantity/)
  })

  it('has no time before all times', () => {
    const status = { podName: '', completionTime: '0001-01-01T00:00:00Z' }
    expect(JSON.parse(goStruct(status, 'TaskRunStatus', 'status'))).toEqual({ podName: '', completionTime: null })
  })

  it('takes an hour of one digit', () => {
    expect(parseTime('2026-11-20T5:01:37Z')?.seconds).toBe('2026-11-20T05:01:37')
  })
})
