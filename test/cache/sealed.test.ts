/** Only who holds the MAC key makes a value that is taken, and only for the key that it was made for. */
import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { seal, unseal } from '../../src/cache/sealed.ts'

const macKey = Buffer.alloc(32, 7)
const body = Buffer.from('{"v":1,"exit":0}')

it('is HMAC-SHA256 over key, zero byte and body, before the body', () => {
  const mac = createHmac('sha256', macKey).update('k\0').update(body).digest()
  expect(Buffer.from(seal(macKey, 'k', body))).toEqual(Buffer.concat([mac, body]))
  expect(Buffer.from(unseal(macKey, 'k', seal(macKey, 'k', body)) ?? [])).toEqual(body)
})

it('does not hold under another key of the cache, another MAC key, or where the border between key and body has moved', () => {
  expect(unseal(macKey, 'l', seal(macKey, 'k', body))).toBeUndefined()
  expect(unseal(randomBytes(32), 'k', seal(macKey, 'k', body))).toBeUndefined()
  expect(unseal(macKey, 'kx', seal(macKey, 'k', Buffer.from('x')))).toBeUndefined()
})

it('does not hold once any bit has changed, or anything was cut off or added', () => {
  const value = Buffer.from(seal(macKey, 'k', body))
  fc.assert(
    fc.property(fc.nat(value.length * 8 - 1), (bit) => {
      const changed = Buffer.from(value)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      return unseal(macKey, 'k', changed) === undefined
    }),
  )
  for (let length = 0; length < value.length; length++) {
    expect(unseal(macKey, 'k', value.subarray(0, length))).toBeUndefined()
  }
  expect(unseal(macKey, 'k', Buffer.concat([value, Buffer.from(' ')]))).toBeUndefined()
})
