/** What long work says of itself on standard error. */
import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { Io } from '../../src/platform/io.ts'
import { reporter } from '../../src/platform/progress.ts'

function stage(isTTY: boolean) {
  let time = 0
  let said = ''
  const stderr = Object.assign(
    new Writable({
      write(chunk, _, done) {
        said += String(chunk)
        done()
      },
    }),
    { isTTY },
  )
  const io = { stderr, now: () => time } as unknown as Io
  return {
    io,
    pass: (ms: number) => {
      time += ms
    },
    said: () => said,
  }
}

describe('elsewhere than on a terminal', () => {
  test('plain lines now and then, with rate, bytes, time left and who failed', () => {
    const { io, pass, said } = stage(false)
    const progress = reporter(io, 'migrated', {})
    for (let done = 1; done <= 200; done++) {
      pass(100)
      progress.update(done, 1000, { bytes: done * 10_000, errors: done > 150 ? { gcs: 3 } : {} })
    }
    progress.end()
    expect(said()).toBe(
      'prov: migrated 100 of 1000, 10/s, 1.0 MB, 1m30s left\nprov: migrated 200 of 1000, 10/s, 2.0 MB, 1m20s left, 3 failed at gcs\n',
    )
  })

  test('nobody knows how much there is: no time left is said', () => {
    const { io, pass, said } = stage(false)
    const progress = reporter(io, 'verified', {})
    pass(20_000)
    progress.update(400, undefined)
    expect(said()).toBe('prov: verified 400, 20/s\n')
  })

  test.each([
    ['little work', {}, 5],
    ['--quiet', { quiet: true }, 1000],
  ])('%s says nothing', (_, options, total) => {
    const { io, pass, said } = stage(false)
    const progress = reporter(io, 'stored', options)
    pass(60_000)
    progress.update(1, total)
    expect(said()).toBe('')
  })
})

test('on a terminal one line is drawn anew, and taken away at the end', () => {
  const { io, pass, said } = stage(true)
  const progress = reporter(io, 'stored', {})
  for (const done of [1, 2, 3]) {
    pass(1000)
    progress.update(done, 7203)
  }
  progress.end()
  expect(said()).toBe(
    ['1 of 7203, 1/s, 2h00m left', '2 of 7203, 1/s, 2h00m left', '3 of 7203, 1/s, 2h00m left', '']
      .map((line) => `\r\u001b[K${line === '' ? '' : `prov: stored ${line}`}`)
      .join(''),
  )
})
