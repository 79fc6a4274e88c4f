import { expect, it } from 'vitest'
import { pageGuard } from '../../backends/shared/pages.ts'

const code = (work: () => void): unknown => {
  try {
    work()
    return undefined
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? thrown.code : thrown
  }
}

it('an honest list of many pages is followed, also with some that hold nothing', () => {
  const follow = pageGuard('s3')
  for (let i = 0; i < 50_000; i++) follow(i % 60 === 0 ? 1 : 0, `token ${i}`)
  follow(0, undefined)
})

it.each([1, 2, 500])('a ring of %i pages ends with a code', (length) => {
  const follow = pageGuard('s3')
  for (let i = 0; i < length; i++) follow(1, `token ${i}`)
  expect(code(() => follow(1, 'token 0'))).toBe('limit_exceeded')
})

it('pages of nothing end with a code', () => {
  const follow = pageGuard('gcs', 'gs://bucket/')
  expect(code(() => Array.from({ length: 200 }, (_, i) => follow(0, `token ${i}`)))).toBe('limit_exceeded')
})
