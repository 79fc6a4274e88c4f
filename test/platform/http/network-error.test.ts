import { expect, test } from 'vitest'
import { unavailable } from '../../../backends/shared/grpc-failure.ts'
import {
  connectionFailure,
  isCertificateFailure,
  isTlsFailure,
  networkCode,
  networkReason,
  quote,
} from '../../../src/platform/http/network-error.ts'

const failed = (code: string, more: object = {}): Error => Object.assign(new Error('m'), { code, ...more })

test('codes of the system are told in words, also those of a cause; TLS keeps its code beside', () => {
  expect(networkReason(failed('ECONNREFUSED'))).toBe('connection refused')
  expect(networkReason(new Error('outer', { cause: failed('ENOTFOUND') }))).toBe('no host has that name')
  expect(networkReason(new AggregateError([failed('EHOSTUNREACH')]))).toBe('no route leads to the host')
  expect(networkReason(failed('CERT_HAS_EXPIRED'))).toBe('its certificate has expired (CERT_HAS_EXPIRED)')
  expect(networkReason(failed('toString'))).toBeUndefined()
  expect(networkReason(failed('ENOENT'))).toBeUndefined()
})

test('what a failure is', () => {
  expect(networkCode(failed('ECONNREFUSED'))).toBe('unreachable')
  expect(networkCode(failed('ETIMEDOUT'))).toBe('timed_out')
  expect(networkCode(failed('ERR_TLS_CERT_ALTNAME_INVALID'))).toBe('unreachable')
  expect(networkCode(failed('ENOENT'))).toBeUndefined()
  expect([isTlsFailure(failed('EPROTO')), isCertificateFailure(failed('EPROTO'))]).toEqual([true, false])
  expect(isCertificateFailure(failed('SELF_SIGNED_CERT_IN_CHAIN'))).toBe(true)
})

test('the host is named where Node names it', () => {
  const refused = failed('ECONNREFUSED', { address: '::1', port: 8000 })
  expect(connectionFailure('DynamoDB', refused)).toBe('[::1]:8000 (DynamoDB) could not be reached: connection refused')
  const unknown = failed('ENOTFOUND', { hostname: 'db.example' })
  expect(connectionFailure('Kafka', unknown)).toBe('db.example (Kafka) could not be reached: no host has that name')
  expect(connectionFailure('Kafka', failed('ECONNRESET'))).toBe('Kafka could not be reached: the connection was closed')
})

test('gRPC, whose words hold the codes of the system', () => {
  const message =
    '14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 127.0.0.1:8080 (2026-11-27)'
  expect(unavailable('Firestore', message)).toBe('127.0.0.1:8080 (Firestore) could not be reached: connection refused')
  const name = '14 UNAVAILABLE: Name resolution failed for target dns:pubsub.googleapis.com:443'
  expect(unavailable('Pub/Sub', name)).toBe(
    'pubsub.googleapis.com:443 (Pub/Sub) could not be reached: no host has that name',
  )
  expect(unavailable('Pub/Sub', 'something else')).toBe('Pub/Sub could not be reached: something else')
})

test('what is quoted is one short line', () => {
  expect(quote('a\u0007\nb')).toBe('a b')
  expect(quote('x'.repeat(100_000))).toHaveLength(200)
})
