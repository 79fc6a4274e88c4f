/** The statuses of a key in a journal, in the order of a key's life. One table: the database's check, the docs and the types are made from it. Pure. */

interface StatusRow {
  /** Its private key may sign. */
  readonly signs: boolean
  /** Where the private key is: `none` yet, in the key store (`kept`), or `destroyed`. */
  readonly privateKey: 'none' | 'kept' | 'destroyed'
  /** Where the public key is: in none (`no`), as one that counts (`yes`), or as one that must not be trusted (`revoked`). */
  readonly inPublicSet: 'no' | 'yes' | 'revoked'
  readonly meaning: string
}

export const KEY_STATUSES = {
  intended: {
    signs: false,
    privateKey: 'none',
    inPublicSet: 'no',
    meaning: 'the journal has a number for it; its file is made next',
  },
  prepared: {
    signs: false,
    privateKey: 'kept',
    inPublicSet: 'no',
    meaning: 'its file is made; it is to be published',
  },
  published: {
    signs: false,
    privateKey: 'kept',
    inPublicSet: 'yes',
    meaning: 'it stands in the file of its region; caches may not show it yet',
  },
  active: { signs: true, privateKey: 'kept', inPublicSet: 'yes', meaning: 'it signs; at most one key does' },
  old: {
    signs: false,
    privateKey: 'kept',
    inPublicSet: 'yes',
    meaning: 'another key signs since; its validity is not over',
  },
  retired: {
    signs: false,
    privateKey: 'destroyed',
    inPublicSet: 'yes',
    meaning: 'its validity is over; what it signed in its time verifies for ever',
  },
  revoked: {
    signs: false,
    privateKey: 'destroyed',
    inPublicSet: 'revoked',
    meaning: 'its owner says that it must not be trusted',
  },
} as const satisfies Record<string, StatusRow>

export type KeyStatus = keyof typeof KEY_STATUSES

/** A key on its way to be the active one; a journal has at most one. */
export const NEXT: readonly KeyStatus[] = ['intended', 'prepared', 'published']

/** @example isKeyStatus('active') // true */
export function isKeyStatus(text: string): text is KeyStatus {
  return Object.hasOwn(KEY_STATUSES, text)
}
