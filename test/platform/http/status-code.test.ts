/** One meaning a status, but where a service says otherwise. */
import { expect, it } from 'vitest'
import { codeOfStatus } from '../../../src/platform/http/status-code.ts'

it('tells denied, throttled, late, conflicting, too large and unsupported apart', () => {
  expect([401, 403, 407, 408, 409, 413, 429, 501].map((status) => codeOfStatus(status))).toEqual([
    'denied',
    'denied',
    'denied',
    'timed_out',
    'conflict',
    'entry_too_large',
    'throttled',
    'not_supported',
  ])
})

it('takes 5xx for a fault of the server and all others for an answer that makes no sense', () => {
  expect([500, 502, 503, 599].map((status) => codeOfStatus(status))).toEqual(new Array(4).fill('server_error'))
  expect([302, 404, 418].map((status) => codeOfStatus(status))).toEqual(new Array(3).fill('response_invalid'))
})

it('gives way to what a service means by a status', () => {
  expect(codeOfStatus(404, { 404: 'absent' })).toBe('absent')
  expect(codeOfStatus(504, { 504: 'timed_out' })).toBe('timed_out')
})
