/** Where a service listens. */
import { expect, test } from 'vitest'
import { addressOf } from '../../src/service/connections.ts'

test('a name is one address, and without TLS one of this machine', async () => {
  expect(await addressOf('localhost', false)).toBe('127.0.0.1')
  expect(await addressOf('0.0.0.0', true)).toBe('0.0.0.0')
  await expect(addressOf('0.0.0.0', false)).rejects.toMatchObject({ code: 'config_invalid' })
})
