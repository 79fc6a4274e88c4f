/** What PostgreSQL or the way to it says went wrong, in prov's codes. */
import { ProvError } from '../errors.ts'
import { networkReason } from '../platform/http/network-error.ts'

/** SQLSTATE (https://www.postgresql.org/docs/15/errcodes-appendix.html) → what it means here. By class where only two characters are given. */
const STATES: readonly (readonly [
  string,
  'denied' | 'unreachable' | 'conflict' | 'storage_io' | 'config_invalid',
  string,
])[] = [
  ['28', 'denied', 'the database refused the login'],
  ['42501', 'denied', 'the database does not allow this to this role'],
  ['3D000', 'config_invalid', 'the database does not exist'],
  ['40', 'conflict', 'another transaction was in the way'],
  ['55P03', 'conflict', 'another transaction holds the row'],
  ['57P03', 'unreachable', 'the database is starting or stopping'],
  ['57P', 'unreachable', 'the database is shutting down'],
  ['08', 'unreachable', 'the connection to the database broke'],
  ['53300', 'unreachable', 'the database has no connection left'],
  ['53', 'storage_io', 'the database has run out of disk or memory'],
  ['25006', 'config_invalid', 'the database takes no writes: it is a standby, or read-only'],
  ['58', 'storage_io', 'the database could not read or write its files'],
]

/** What to do where a pooler takes no truth.schema. */
export const SCHEMA_OF_ROLE = 'leave truth.schema out, and ALTER ROLE … SET search_path = … on the server'

/** @example throw postgresFailure(thrown, 'postgres://db/prov') */
export function postgresFailure(thrown: unknown, location: string): unknown {
  if (!(thrown instanceof Error) || thrown instanceof ProvError) return thrown
  const details = { location, cause: thrown }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  if (/unsupported startup parameter: options/.test(thrown.message)) {
    const why = 'a pooler between prov and the server does not take truth.schema'
    return new ProvError('config_invalid', why, { ...details, hint: SCHEMA_OF_ROLE })
  }
  // PgBouncer says so as a fault of the protocol (08P01).
  if (code === '08P01' && /authentication failed/.test(thrown.message)) {
    return new ProvError('denied', `the database refused the login: ${thrown.message}`, details)
  }
  const known = STATES.find(([state]) => code.length === 5 && code.startsWith(state))
  if (known !== undefined) return new ProvError(known[1], `${known[2]}: ${thrown.message}`, details)
  if (code === 'ETIMEDOUT' || /timeout/i.test(thrown.message)) {
    return new ProvError('timed_out', 'the database did not answer in time', details)
  }
  const network = networkReason(thrown)
  if (network !== undefined) return new ProvError('unreachable', `the database: ${network}`, details)
  if (/Connection terminated|Client has encountered a connection error|not queryable/.test(thrown.message)) {
    return new ProvError('unreachable', 'the connection to the database broke', details)
  }
  if (/certificate|SSL|TLS/i.test(thrown.message) || code.startsWith('ERR_TLS')) {
    return new ProvError('unreachable', `no safe connection to the database: ${thrown.message}`, details)
  }
  if (/password|SASL|SCRAM/i.test(thrown.message)) {
    return new ProvError('denied', `the login to the database failed: ${thrown.message}`, details)
  }
  return thrown
}
