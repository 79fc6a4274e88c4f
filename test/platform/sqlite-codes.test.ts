import { expect, test } from 'vitest'
import { isBusy, isRefusal, resultCode } from '../../src/platform/sqlite-codes.ts'

const failed = (errcode: number): Error => Object.assign(new Error('from SQLite'), { errcode })

test('a lock that SQLite itself gave up waiting for is busy, as a held file is; a full or damaged one is not', () => {
  expect([5, 6, 15, 261].map((code) => isBusy(failed(code)))).toEqual([true, true, true, true])
  expect([10, 11, 13, 14, 26].map((code) => isBusy(failed(code)))).toEqual([false, false, false, false, false])
})

test('what this user may not do is a refusal, with every extension of the code', () => {
  expect([3, 8, 14, 23, 1032].map((code) => isRefusal(failed(code)))).toEqual([true, true, true, true, true])
  expect([5, 10, 13].map((code) => isRefusal(failed(code)))).toEqual([false, false, false])
})

test('what SQLite did not throw has no code', () => {
  for (const thrown of [new Error('x'), Object.assign(new Error('x'), { errcode: '5' }), { errcode: 5 }, undefined]) {
    expect(resultCode(thrown)).toBeUndefined()
    expect(isBusy(thrown)).toBe(false)
  }
})
