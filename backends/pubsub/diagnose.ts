/** What a message broker says of itself. No message is sent to find out: nobody could take it back. */

import type { DiagnoseOptions, Diagnostics } from '../../src/backend/backend.ts'
import { type Diagnosis, failed, skipped, stated } from '../../src/backend/diagnosis.ts'
import { asProvError, ProvError } from '../../src/errors.ts'
import { within } from '../../src/platform/async/deadline.ts'
import type { Broker } from './connection.ts'
import type { GoogleTarget, KafkaTarget } from './settings.ts'

export interface DiagnoseJob {
  readonly name: string
  read(): GoogleTarget | KafkaTarget
  broker(): Promise<Broker>
}

/** @example await diagnose({ name: 'pubsub', read, broker }, { signal, readOnly: true, artifacts: [] }) */
export async function diagnose({ name, read, broker }: DiagnoseJob, options: DiagnoseOptions): Promise<Diagnostics> {
  const { topic, provider, requestMs } = read()
  const where = { backend: name, operation: 'find the topic', location: topic }
  try {
    const there = await within(async () => (await broker()).hasTopic(), options, requestMs)
    const missing = new ProvError('target_unwritable', `the topic ${topic} does not exist`, {
      ...where,
      hint: 'create it',
    })
    return { checks: [...answers(provider), there ? stated('topic', topic) : failed('topic', missing)] }
  } catch (thrown) {
    const { code, message, hint } = asProvError(thrown)
    const error = new ProvError(code, message, { ...where, hint })
    // Leave to publish is not leave to look.
    if (code === 'denied') {
      const blind = skipped('the credentials do not allow reading, which publishing does not need')
      return { checks: [stated('reach', `${provider} answers`), stated('topic', blind)] }
    }
    return { checks: [failed('reach', error)] }
  }
}

function answers(provider: string): readonly Diagnosis[] {
  return [stated('reach', `${provider} answers`), stated('authenticate', 'it lets prov look')]
}
