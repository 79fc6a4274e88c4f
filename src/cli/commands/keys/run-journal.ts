/** The work of `prov keys init` and `prov keys journal`. */
import { randomUUID } from 'node:crypto'
import { ProvError } from '../../../errors.ts'
import { journalNow } from '../../../keysets/changed.ts'
import { journalsOf } from '../../../keysets/find.ts'
import { journalJson, UUID } from '../../../keysets/journal-json.ts'
import type { Io } from '../../../platform/io.ts'
import { timeText } from '../../../platform/text/time-text.ts'
import { eventLine, keyLines } from '../../../report/text/journal-text.ts'
import { whoAmI } from '../../../setup/who.ts'
import type { InitOptions, ShowOptions } from './journal-flags.ts'
import { tell, withJournals } from './open.ts'

/** Notes the id in the key store before the database has it: however often this is cut off, there is one journal. */
export async function runKeysInit(options: InitOptions, io: Io): Promise<void> {
  const name = options.name.trim()
  if (!/^[\x20-\x7e]{1,100}$/.test(name)) {
    throw new ProvError('usage', 'the name of a journal is 1 to 100 plain characters')
  }
  await withJournals(options, io, async ({ journals, store, find }) => {
    if ((await journalsOf(journals, store)).length > 0) {
      const journal = await find()
      return tell(
        'init',
        { journal, made: false, store: store.location },
        [`the journal ${journal.name} (${journal.id}) is there already`],
        options,
        io,
      )
    }
    const id = await store.claim(randomUUID())
    if (!UUID.test(id)) {
      throw new ProvError('config_invalid', 'the note of the journal in the key store was changed', {
        location: store.location,
        hint: 'remove the file or member called journal, then run prov keys init again',
      })
    }
    const made = await journals.create({ id, name }, whoAmI())
    await tell(
      'init',
      { journal: { id, name }, made, store: store.location },
      [`made the journal ${name} (${id}) for ${store.location}`, 'it has no key yet: prov keys rotate makes one'],
      options,
      io,
    )
  })
}

export async function runKeysJournal(options: ShowOptions, io: Io): Promise<void> {
  await withJournals(options, io, async ({ journals, find }) => {
    const state = await journalNow(journals, await find())
    const { id, name } = state
    const events = options.events === undefined ? undefined : await journals.events(id, options.events)
    const shown = events?.map(({ version, at, who, what }) => ({ change: version, at: timeText(at), who, what }))
    const damaged = state.damaged.map(({ revoked: _, ...row }) => row)
    const json = { ...journalJson(state), damaged, ...(shown === undefined ? {} : { events: shown }) }
    const lines = [
      `journal ${name} (${id}), ${state.version} changes`,
      ...keyLines(state),
      ...damaged.map(({ n, status, kid = '', why }) => `${`${n} ${status} ${kid}`.trimEnd()}: cannot be read: ${why}`),
      ...(shown ?? []).map(eventLine),
    ]
    await tell('journal', json, lines, options, io)
  })
}
