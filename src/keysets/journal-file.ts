/** Writes every change of a journal to a file as well: the way back to a deployment that knows no table. */
import { errorAt } from '../errors.ts'
import { atomicWrite } from '../platform/fs/atomic-write.ts'
import { fileError, fileErrorCode } from '../platform/fs/files.ts'
import { readBounded } from '../platform/fs/read-limited.ts'
import { jsonText } from '../platform/text/json-text.ts'
import type { JournalState, Journals } from './journal.ts'
import { journalJson, journalJsonKeeping, type Spelled, spelledIn } from './journal-json.ts'

/** As much as prov keys import reads. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * The same journals; what was changed stands in the file before the change is told. The file is replaced as a whole; what it
 * says of rows that cannot be read stays in it. A change that the file cannot be given stands in the database all the same, and its error says so.
 *
 * @example const journals = withJournalFile(journalsIn(db), 'journal.json', () => randomBytes(8).toString('hex'))
 */
export function withJournalFile(journals: Journals, path: string, unique: () => string): Journals {
  return {
    ...journals,
    async create(journal, who) {
      const made = await journals.create(journal, who)
      await write(await journals.read(journal.id))
      return made
    },
    async change(journal, change, who) {
      const won = await journals.change(journal, change, who)
      if (won) await write(await journals.read(journal.id))
      return won
    },
  }

  /** undefined where there is none, and where it is of no use. */
  async function before(): Promise<Spelled | undefined> {
    try {
      const bytes = await readBounded(path, MAX_BYTES)
      return bytes === undefined ? undefined : spelledIn(path, bytes.toString('utf8'))
    } catch (thrown) {
      if (fileErrorCode(thrown) === 'ENOENT') return undefined
      throw thrown
    }
  }

  async function write(state: JournalState | undefined): Promise<void> {
    if (state === undefined) return
    try {
      const json = state.damaged.length === 0 ? journalJson(state) : journalJsonKeeping(state, await before())
      await atomicWrite(path, Buffer.from(jsonText(json)), { unique: unique() })
    } catch (thrown) {
      throw errorAt(fileError(thrown, { operation: 'write', location: path }), { operation: 'write keys.journal-file' })
    }
  }
}
