/** The work of `prov config show`, `check` and `schema`. */

import { configSchema } from '../../../config/schema.ts'
import { type Unsupported, unsupported } from '../../../config/unsupported-settings.ts'
import { ProvError } from '../../../errors.ts'
import { type Io, write } from '../../../platform/io.ts'
import { jsonText } from '../../../platform/text/json-text.ts'
import { settingsFor } from '../../../setup/settings.ts'
import { SETTINGS_TABLE } from '../../../setup/settings-table.ts'
import { show } from '../../terminal.ts'
import { warn, worldOf } from '../../world.ts'
import type { ConfigOptions } from './flags.ts'

export async function runShow(options: ConfigOptions, io: Io): Promise<void> {
  const settings = await settingsFor(options, worldOf(io, options))
  for (const warning of settings.warnings) warn(io, options, warning)
  const rows = settings.table.rows
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
    await write(io.stdout, jsonText({ settings: rows, warnings: settings.warnings }))
    return
  }
  const lines = rows.map(({ key, value, origin }) => `${key} = ${value ?? ''}  (${origin})`)
  await show(io, lines)
}

/**
 * Throws the first error, which names all of them, and `not_supported` for values that this version does not have; warnings are printed, and
 * values that nothing asks for are among them.
 */
export async function runCheck(options: ConfigOptions, io: Io): Promise<void> {
  const settings = await settingsFor(options, worldOf(io, options))
  const missing = unsupported(settings)
  const idle = missing.filter((one) => one.idle).map((one) => `${told(one)}, but nothing asks for it`)
  const warnings = [...settings.warnings, ...idle]
  const refused = missing.filter((one) => !one.idle)
  if (refused.length > 0) {
    for (const warning of warnings) warn(io, options, warning)
    const lines = refused.map((one) => `  ${told(one)}`)
    const [first] = refused
    const alone = refused.length === 1 && first !== undefined ? told(first) : undefined
    const message = alone ?? [`this version refuses ${refused.length} of the settings:`, ...lines].join('\n')
    const faults = refused.map((one) => ({ code: 'not_supported' as const, message: told(one) }))
    throw new ProvError('not_supported', message, faults.length > 1 ? { faults } : {})
  }
  if (options.json === true) {
    await write(io.stdout, jsonText({ exit: 0, warnings }))
    return
  }
  for (const warning of warnings) warn(io, options, warning)
  if (options.quiet !== true) await show(io, [`the configuration is valid (${warnings.length} warnings)`])
}

function told({ key, value, instead }: Unsupported): string {
  return `this version does not have ${key}${value === undefined ? '' : `=${value}`} yet: ${instead}`
}

export async function runSchema(io: Io): Promise<void> {
  await write(io.stdout, jsonText(configSchema(SETTINGS_TABLE)))
}
