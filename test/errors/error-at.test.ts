/** An error that is told where it happened loses nothing of what it said before. */
import { expect, it } from 'vitest'
import { errorAt, ProvError } from '../../src/errors.ts'

const where = { backend: 's3', operation: 'get', location: 's3://b/name' }

it('keeps code, message, hint, wait and cause', () => {
  const cause = new TypeError('the first fault')
  const error = errorAt(new ProvError('throttled', 'slow down', { hint: 'wait', retryAfterMs: 2000, cause }), where)
  expect(error).toMatchObject({ code: 'throttled', message: 'slow down', hint: 'wait', retryAfterMs: 2000, ...where })
  expect(error.cause).toBe(cause)
})

it('changes only what it is told', () => {
  const before = new ProvError('denied', 'no', { backend: 'gcs', operation: 'put', location: 'gs://b/x' })
  expect(errorAt(before, { operation: 'get' })).toMatchObject({
    backend: 'gcs',
    operation: 'get',
    location: 'gs://b/x',
  })
})

it('makes a defect of anything else, with it as the cause', () => {
  const thrown = new TypeError('x is not a function')
  expect(errorAt(thrown, where)).toMatchObject({ code: 'internal', cause: thrown, ...where })
})
