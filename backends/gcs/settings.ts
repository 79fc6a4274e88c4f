/** What the configuration says to this backend. Pure. */
import type { Context } from '../../src/backend/backend.ts'
import { type BucketOrDirectory, endpointOf, requestMs, whereOf } from '../shared/settings.ts'

export const NAME = 'gcs'

export type GcsSettings = BucketOrDirectory & {
  /** Without `/storage/v1`. */
  readonly endpoint: string
  /** No credentials are looked for and none are sent: an emulator, or plain http. */
  readonly anonymous: boolean
  readonly requestMs: number
}

const GOOGLE = 'https://storage.googleapis.com'

/**
 * Throws `config_invalid` for a value that is not allowed. STORAGE_EMULATOR_HOST counts where `storage.gcs.endpoint` is unset; without
 * a scheme it means http, as Google's Go client reads it.
 *
 * @example readSettings(context).endpoint // 'https://storage.googleapis.com'
 */
export function readSettings(context: Pick<Context, 'setting' | 'env'>): GcsSettings {
  const given = context.setting('storage.gcs.endpoint') || undefined
  const emulator = given === undefined ? context.env['STORAGE_EMULATOR_HOST'] || undefined : undefined
  const named = given ?? (emulator === undefined || emulator.includes('://') ? emulator : `http://${emulator}`)
  const key = given === undefined ? 'STORAGE_EMULATOR_HOST' : 'storage.gcs.endpoint'
  const endpoint = named === undefined ? GOOGLE : endpointOf(named, key, NAME).replace(/\/storage\/v1$/, '')
  return {
    ...whereOf(context, NAME),
    endpoint,
    anonymous: emulator !== undefined || endpoint.startsWith('http:'),
    requestMs: requestMs(context, NAME),
  }
}
