/** Why a rotation ended before its key was active, as an error. Pure. */
import { ProvError } from '../errors.ts'
import { timeText } from '../platform/text/time-text.ts'
import { BRING_BACK } from './journal.ts'
import type { PublicationProof } from './publication.ts'
import type { Rotated } from './run-steps.ts'

/** @example throw stoppedError(stopped, proof) */
export function stoppedError(stopped: NonNullable<Rotated['stopped']>, proof: PublicationProof | undefined): ProvError {
  if (stopped.do === 'wait') {
    const when = timeText(stopped.until)
    return new ProvError(
      'key_unpublished',
      `key ${stopped.key.key?.kid} may sign from ${when} on, once every cache shows it`,
      {
        hint: `run prov keys rotate again after ${when}`,
      },
    )
  }
  const missing = (proof?.missing ?? []).map(({ url, reason }) => `${url} (${reason})`)
  switch (stopped.why) {
    case 'damaged':
      return new ProvError(
        'keyset_refused',
        `row ${stopped.n} of the journal cannot be read, and it may be the key that signs`,
        {
          hint: `${BRING_BACK}, or from a backup of the database`,
        },
      )
    case 'unprepared':
      return new ProvError('key_unpublished', 'the journal has no key that could become the active one', {
        hint: 'run prov keys rotate --step prepare first',
      })
    case 'unpublished':
      return new ProvError(
        'key_unpublished',
        missing.length > 0
          ? `the key is not public yet: ${missing.join(', ')}`
          : 'no public URL is configured that would show the key',
        {
          hint:
            missing.length > 0
              ? 'run prov keys rotate again once they show it'
              : 'set keys.public-urls, or use --unsafe where verifiers have the key by other means',
        },
      )
  }
}
