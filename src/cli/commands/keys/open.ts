/** What every command on a journal begins and ends with. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '../../../config/settings.ts'
import { passwordSource } from '../../../keys/password.ts'
import type { Changing } from '../../../keysets/changed.ts'
import type { JournalName } from '../../../keysets/journal.ts'
import { type Io, write } from '../../../platform/io.ts'
import { jsonLine, jsonText } from '../../../platform/text/json-text.ts'
import { type NextStep, nextText } from '../../../report/text/next-step.ts'
import { page } from '../../../report/text/verify-text.ts'
import { type OpenJournals, openJournals } from '../../../setup/journal.ts'
import { settingsFor } from '../../../setup/settings.ts'
import { whoAmI } from '../../../setup/who.ts'
import { VERSION } from '../../../version.ts'
import type { CommonOptions } from '../../options.ts'
import { layoutOf } from '../../terminal.ts'
import { warn, worldOf } from '../../world.ts'
import type { JournalOptions, SecretOptions } from './journal-flags.ts'

export async function journalSettings(options: JournalOptions, io: Io): Promise<Settings> {
  const { store, set } = options
  const own = store === undefined ? [] : [`keys.store=${store}`]
  const settings = await settingsFor({ ...options, set: [...set, ...own] }, worldOf(io, options))
  for (const warning of settings.warnings) warn(io, options, warning)
  return settings
}

/** Opens journal and key store for `work`, and closes them. */
export async function withJournals<T>(
  options: JournalOptions,
  io: Io,
  work: (open: OpenJournals, settings: Settings) => Promise<T>,
): Promise<T> {
  const settings = await journalSettings(options, io)
  const open = await openJournals(settings, worldOf(io, options))
  try {
    return await work(open, settings)
  } finally {
    await open.close()
  }
}

/** What changes a journal, apart from the change. */
export function changing({ journals }: OpenJournals, journal: JournalName, io: Io): Changing {
  return { journals, journal, who: whoAmI(), random: (size) => io.random(size), sleep: (ms) => sleep(ms) }
}

/** Asks at most once. A key that is made takes the same password as those that are there. */
export function storePassword({ store }: OpenJournals, { passwordFile: file }: SecretOptions, io: Io) {
  return passwordSource({ file, env: io.env, question: `Password of the keys in ${store.location}: `, confirm: true })
}

/** Prints the result: JSON, or lines and what to do next. */
export async function tell(
  command: string,
  json: Readonly<Record<string, unknown>>,
  lines: readonly string[],
  options: CommonOptions & { readonly watch?: number },
  io: Io,
  next?: NextStep,
): Promise<void> {
  const layout = layoutOf(io)
  if (options.json === true) {
    const step = next === undefined ? {} : { next: next.text }
    // One line each where there are many.
    const text = options.watch === undefined ? jsonText : jsonLine
    return write(io.stdout, text({ command: `keys ${command}`, version: VERSION, ...json, ...step }))
  }
  const isQuiet = options.quiet === true && (json['exit'] ?? 0) === 0
  if (!isQuiet) await write(io.stdout, page(lines, layout) + nextText(next, layout))
}
