/** The rows of the key life-cycle: journals, rotation and key sets. See codes.ts. Pure data. */

export const KEY_EXPLANATIONS = {
  journal_missing: {
    causes: 'The key store is new, or the database is another one than before.',
    action: 'Check --truth and keys.store. For a new key store run prov keys init, which makes a journal.',
  },
  journal_ambiguous: {
    causes: 'Keys of two journals lie in one key store, for example after two folders were copied into one.',
    action: 'Move the keys of one journal to a key store of their own, or name the journal with keys.journal.',
  },
  journal_inactive: {
    causes: 'A journal was made and its first key is not active yet, or the active key was revoked.',
    action: 'Run prov keys rotate, then the command again. Nothing was signed.',
  },
  key_revoked: {
    causes: 'The owner of the key said with prov keys revoke that it must not be trusted, for example after a theft.',
    action: 'Treat the artifact as not signed. Build and sign it again with the active key.',
  },
  keyset_refused: {
    causes:
      'Somebody else wrote to the bucket of the key sets, a publisher signed with another key, or a file holds a private key.',
    action: 'Run prov keys status to see which region it is. The last good keys of that region stay in use meanwhile.',
  },
  key_unpublished: {
    causes: 'A public URL does not show the key yet, or caches may still hold the set without it.',
    action:
      'Wait until the time that the message names, then run prov keys rotate again. Signing goes on with the key before.',
  },
  keys_stale: {
    causes: 'The publisher of that region has stopped, or cannot write to the bucket.',
    action:
      'Run prov keys status to see which region it is, and start its prov keys publish again. Its keys stay in the set.',
  },
} as const
