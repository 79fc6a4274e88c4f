/** The work of `prov keys doctor`. */
import { ERRORS, gravest } from '../../../errors.ts'
import { givenPassword } from '../../../keys/password.ts'
import type { Io } from '../../../platform/io.ts'
import { doctorText } from '../../../report/text/doctor-text.ts'
import { stepAfter } from '../../../report/text/next-step.ts'
import { layoutOf } from '../../terminal.ts'
import { worldOf } from '../../world.ts'
import { diagnoseJournal } from './diagnose.ts'
import type { SecretOptions } from './journal-flags.ts'
import { journalSettings, tell } from './open.ts'

/** The gravest exit of the errors that were found. Asks nobody for a password. */
export async function runKeysDoctor(options: SecretOptions, io: Io): Promise<number> {
  const settings = await journalSettings(options, io)
  const password = givenPassword({ file: options.passwordFile, env: io.env })
  const report = await diagnoseJournal(settings, worldOf(io, options), password)
  const codes = report.checks.flatMap(({ error }) => error?.code ?? [])
  const exit = gravest(codes.map((code) => ERRORS[code].exit))
  const text = doctorText({ keys: [], backends: [report], exit }, layoutOf(io))
  const { outcome, checks } = report
  await tell('doctor', { exit, outcome, checks }, text.trimEnd().split('\n'), options, io, stepAfter(exit, codes))
  return exit
}
