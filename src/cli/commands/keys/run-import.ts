/** The work of `prov keys import`. */
import { ProvError } from '../../../errors.ts'
import { journalsOf } from '../../../keysets/find.ts'
import { folderStore } from '../../../keysets/folder.ts'
import { importKeys } from '../../../keysets/import.ts'
import { type ImportSource, importSource } from '../../../keysets/import-source.ts'
import type { JournalName } from '../../../keysets/journal.ts'
import type { Io } from '../../../platform/io.ts'
import type { OpenJournals } from '../../../setup/journal.ts'
import { whoAmI } from '../../../setup/who.ts'
import type { ImportOptions } from './journal-flags.ts'
import { changing, storePassword, tell, withJournals } from './open.ts'

export async function runKeysImport(options: ImportOptions, io: Io): Promise<void> {
  const { from, active } = options
  await withJournals(options, io, async (open) => {
    const source = await importSource(from, (path) => folderStore(path, io))
    const journal = await journalFor(source, open)
    const { keys } = await importKeys({
      ...changing(open, journal, io),
      store: open.store,
      source,
      password: storePassword(open, options, io),
      validityMs: open.validityMs,
      ...(active === undefined ? {} : { active }),
    })
    const added = keys.filter(({ isNew }) => isNew).length
    const lines = [
      ...keys.map(({ n, kid, status, isNew }) => `key ${n} ${kid}: ${status}${isNew ? '' : ', known before'}`),
      `took in ${added} of ${keys.length} keys of ${from}`,
    ]
    await tell('import', { journal, keys }, lines, options, io)
  })
}

/** The journal of the key store; one that the database has lost is made anew as its file names it. */
async function journalFor(source: ImportSource, { journals, store, find }: OpenJournals): Promise<JournalName> {
  const { journal } = source
  if (journal === undefined || (await journalsOf(journals, store)).length > 0) return find()
  const claimed = await store.claim(journal.id)
  if (claimed !== journal.id) {
    throw new ProvError(
      'journal_ambiguous',
      `the key store was set up for the journal ${claimed}, the file is of ${journal.id}`,
      {
        location: store.location,
        hint: 'run prov keys init first, to take the keys of another journal in',
      },
    )
  }
  await journals.create(journal, whoAmI())
  return journal
}
