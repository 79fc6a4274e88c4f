import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { googleLogin } from '../../../backends/shared/google-login.ts'
import { scratch } from '../../support/scratch.ts'

test('credentials that are no good are denied, with a hint and without a word of them', async () => {
  const file = join(scratch(), 'key.json')
  writeFileSync(file, '{"type":"service_account","client_email":"a@b","private_key":"planted-secret"}')
  for (const key of [file, join(scratch(), 'none.json')]) {
    const error: unknown = await googleLogin('grafeas', key)(new AbortController().signal).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'denied', backend: 'grafeas', hint: expect.stringContaining('gcloud') })
    expect(JSON.stringify(error) + String(error)).not.toContain('planted')
  }
})

test('a stop ends the login', async () => {
  const error = await googleLogin('grafeas', undefined)(AbortSignal.abort()).catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'aborted' })
})
