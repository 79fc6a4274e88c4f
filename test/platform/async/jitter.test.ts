/** Waits by chance: never longer than asked for, never shorter than the least share. */
import { describe, expect, it } from 'vitest'
import { jittered, shortened } from '../../../src/platform/async/jitter.ts'

const byte = (value: number) => () => new Uint8Array([value])

describe('jittered', () => {
  it('is half of the wait at the least, and all of it at the most', () => {
    expect(jittered(200, byte(0))).toBeGreaterThan(100)
    expect(jittered(200, byte(0))).toBeLessThan(101)
    expect(jittered(200, byte(255))).toBe(200)
  })

  it('takes another least share, and is never zero', () => {
    expect(jittered(300, byte(0), 1 / 3)).toBeGreaterThan(100)
    expect(jittered(256, byte(0), 0)).toBe(1)
  })

  it('is the same for a share that is known', () => {
    expect([0, 0.5, 1].map((share) => shortened(200, share))).toEqual([100, 150, 200])
  })
})
