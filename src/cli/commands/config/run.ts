/** The work of `prov config show`, `check` and `schema`. */
import { configSchema } from '../../../config/schema.ts'
import { settingsTable } from '../../../config/table.ts'
import { type Io, write } from '../../../platform/io.ts'
import { plainJson } from '../../../platform/text/escape-control.ts'
import { settingsFor } from '../../settings.ts'
import { warn } from '../../setup.ts'
import { show } from '../../terminal.ts'
import type { ConfigOptions } from './command.ts'

export async function runShow(options: ConfigOptions, io: Io): Promise<void> {
  const settings = await settingsFor(options, options.set, io)
  for (const warning of settings.warnings) warn(io, options, warning)
  const rows = settingsTable()
    .map(({ key, secret, variable }) => {
      const value = settings.get(key)
      return {
        key,
        value: secret === true && value !== undefined ? '(secret)' : value,
        origin: settings.origin(key),
        variable,
      }
    })
    .filter((row) => options.all === true || row.value !== undefined)
  if (options.json === true) {
    await write(io.stdout, `${plainJson(JSON.stringify({ settings: rows, warnings: settings.warnings }, null, 2))}\n`)
    return
  }
  const lines = rows.map(({ key, value, origin }) => `${key} = ${value ?? ''}  (${origin})`)
  await show(io, lines)
}

/** Throws the first error, which names all of them; warnings are printed. */
export async function runCheck(options: ConfigOptions, io: Io): Promise<void> {
  const settings = await settingsFor(options, options.set, io)
  if (options.json === true) {
    await write(io.stdout, `${plainJson(JSON.stringify({ exit: 0, warnings: settings.warnings }, null, 2))}\n`)
    return
  }
  for (const warning of settings.warnings) warn(io, options, warning)
  if (options.quiet !== true) await show(io, [`the configuration is sound (${settings.warnings.length} warnings)`])
}

export async function runSchema(io: Io): Promise<void> {
  await write(io.stdout, `${plainJson(JSON.stringify(configSchema(), null, 2))}\n`)
}
