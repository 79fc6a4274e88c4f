/** For services that speak JSON: is one there, does it take the credentials, what time has it. */
import type { Context } from '../../src/backend/backend.ts'
import { clockSkew } from '../../src/backend/clock-skew.ts'
import { type Diagnosis, failed, stated } from '../../src/backend/diagnosis.ts'
import { asProvError } from '../../src/errors.ts'
import type { JsonApi, JsonCall } from '../json-api.ts'

/**
 * What one harmless call tells.
 *
 * @example await jsonGreeting(api, { method: 'GET', path: '/', operation: 'look', location, signal }, context)
 */
export async function jsonGreeting(
  api: JsonApi,
  call: JsonCall,
  { now }: Pick<Context, 'now'>,
): Promise<readonly Diagnosis[]> {
  const sent = now()
  try {
    const { headers } = await api.call(call)
    const received = now()
    return [
      { ...stated('reach', `${call.location} answers`), ms: Math.round(received - sent) },
      stated('authenticate', 'it lets prov look'),
      stated('clock', clockSkew(headers.date, sent, received)),
    ]
  } catch (thrown) {
    const error = asProvError(thrown)
    const ms = Math.round(now() - sent)
    if (error.code !== 'denied') return [{ ...failed('reach', error), ms }]
    return [stated('reach', `${call.location} answers`), { ...failed('authenticate', error), ms }]
  }
}
