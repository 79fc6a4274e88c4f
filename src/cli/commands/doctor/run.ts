/** The work of `prov doctor`. */
import { openBackend } from '../../../../backends/index.ts'
import type { Backend, Context } from '../../../backend/backend.ts'
import { refuseLater } from '../../../config/later.ts'
import type { Settings } from '../../../config/settings.ts'
import { type DoctorReport, doctor } from '../../../doctor/doctor.ts'
import { passwordSource } from '../../../keys/password.ts'
import type { Artifact } from '../../../model/artifact.ts'
import { exitOf, type Io, write } from '../../../platform/io.ts'
import { plainJson } from '../../../platform/text/escape-control.ts'
import { doctorText } from '../../../report/text/doctor-text.ts'
import { VERSION } from '../../../version.ts'
import type { InputOptions } from '../../options.ts'
import { settingsFor } from '../../settings.ts'
import { artifactsOf, backendNames, flagSettings, warn } from '../../setup.ts'
import { layoutOf, tell } from '../../terminal.ts'
import type { DoctorOptions } from './command.ts'

/** Runs the command and gives its exit status; throws ProvError for what stops it before anything is tried. */
export async function runDoctor(inputs: readonly string[], options: DoctorOptions, io: Io): Promise<number> {
  const input: DoctorOptions & InputOptions = { ...options, statement: [], subject: [] }
  const settings = await settingsFor(options, flagSettings(input), io)
  for (const warning of settings.warnings) warn(io, options, warning)
  const keys = options.key.length > 0 ? options.key : keysOf(io)
  const named = options.storage ?? io.env['PROV_STORAGE']
  // A key may be tried alone; without one, the configuration says which backends there are.
  const names = named === undefined && keys.length > 0 ? [] : backendNames(settings, named)
  const { artifacts, notes } = await looked(inputs, input, io)
  for (const note of notes) warn(io, options, note)
  const told = await doctor({
    keys,
    keyOptions: {
      env: io.env,
      password: (key) => passwordSource({ file: options.passwordFile, env: io.env, question: `Password of ${key}: ` }),
      now: io.now,
    },
    backends: names.map((name) => ({ name, open: () => opened(name, settings, options, io) })),
    artifacts,
    readOnly: options.readOnly === true,
    signal: io.signal,
    now: io.now,
    random: io.random,
  })
  const report = { ...told, exit: exitOf(told.exit, io) }
  await print(report, options, io)
  return report.exit
}

/** Runs and images are wanted by some backends only: none is no mistake. */
async function looked(inputs: readonly string[], options: DoctorOptions & InputOptions, io: Io) {
  const none: { readonly artifacts: readonly Artifact[]; readonly notes: readonly string[] } = {
    artifacts: [],
    notes: [],
  }
  return inputs.length === 0 && options.image.length === 0 ? none : artifactsOf(inputs, options, io)
}

async function opened(name: string, settings: Settings, options: DoctorOptions, io: Io): Promise<Backend> {
  const context: Context = {
    setting: (key) => settings.get(key),
    env: io.env,
    now: io.now,
    random: io.random,
    debug: (line) => {
      if (options.verbose === true) tell(io, `prov: ${line}`)
    },
  }
  refuseLater(settings, [name])
  const backend = await openBackend(name, context)
  for (const warning of backend.warnings ?? []) warn(io, options, warning)
  return backend
}

function keysOf({ env }: Io): readonly string[] {
  return [env['PROV_KEY'], env['PROV_VERIFY_KEY']].flatMap((key) => (key ? [key] : []))
}

async function print(report: DoctorReport, options: DoctorOptions, io: Io): Promise<void> {
  if (options.json === true) {
    await write(
      io.stdout,
      `${plainJson(JSON.stringify({ command: 'doctor', version: VERSION, ...report }, null, 2))}\n`,
    )
  } else if (options.quiet !== true || report.exit !== 0) {
    await write(io.stdout, doctorText(report, layoutOf(io)))
  }
}
