/** What the refusal of a write means, and which refusals pass by themselves. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ProvError } from '../../../src/errors.ts'
import { jittered } from '../../../src/platform/async/jitter.ts'
import { failure, type Where } from '../failure.ts'

/**
 * Codes by which a registry says that blobs it has just taken are not there. Distribution 2.8 does so while another client
 * uploads the same blob (it truncates the blob's link before it writes it), and knows better a moment later.
 */
const UNSETTLED = /\b(DIGEST_INVALID|MANIFEST_BLOB_UNKNOWN|BLOB_UNKNOWN)\b/
const WAITS_MS: readonly number[] = [50, 200, 800]

export interface WriteOptions {
  readonly signal: AbortSignal
  /** `safe`: a refused write may be sent again as it is. `unsent`: only after another look, so the caller is told at once. */
  readonly repeat: 'safe' | 'unsent'
  random(size: number): Uint8Array
}

/**
 * Runs a write. Throws `denied` for 404: to a write that says that the repository does not exist and is not made, which does not mean
 * that a copy is absent. Throws `server_error`, which may heal, for blobs that the registry has lost sight of, after a few tries
 * where the write is safe to repeat.
 *
 * @example await written({ operation: 'put manifest', location }, options, () => client.putManifest(…))
 */
export async function written<T>(where: Where, options: WriteOptions, write: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await write()
    } catch (error) {
      if (!(error instanceof ProvError) || (error.code !== 'absent' && error.code !== 'response_invalid')) throw error
      if (UNSETTLED.test(error.message)) {
        const wait = options.repeat === 'safe' ? WAITS_MS[tries] : undefined
        if (wait === undefined) throw failure('server_error', error.message, where, { cause: error })
        await pause(wait, options, where, error)
        continue
      }
      if (error.code !== 'absent') throw error
      throw failure('denied', error.message, where, { hint: 'this registry wants the repository to be created first' })
    }
  }
}

async function pause(ms: number, { signal, random }: WriteOptions, where: Where, cause: ProvError): Promise<void> {
  await sleep(jittered(ms, random), undefined, { signal }).catch(() => {
    throw failure('aborted', 'stopped while waiting to try again', where, { cause })
  })
}
