/** The work of `prov doctor`. */

import type { Backend } from '../../../backend/backend.ts'
import type { Settings } from '../../../config/settings.ts'
import { refuseUnsupported } from '../../../config/unsupported-settings.ts'
import { type DoctorReport, doctor } from '../../../doctor/doctor.ts'
import { inputText } from '../../../input/count.ts'
import { givenPassword, passwordSource } from '../../../keys/password.ts'
import { exitStatus, type Io, write } from '../../../platform/io.ts'
import { jsonText } from '../../../platform/text/json-text.ts'
import { doctorText } from '../../../report/text/doctor-text.ts'
import { nextText, stepAfter } from '../../../report/text/next-step.ts'
import { artifactsOf, type NamedArtifacts } from '../../../setup/artifacts.ts'
import { backendNames, openNamed } from '../../../setup/backends.ts'
import { hasIndex } from '../../../setup/index-place.ts'
import { settingsFor } from '../../../setup/settings.ts'
import type { World } from '../../../setup/world.ts'
import { INDEX } from '../../../truth/term-pages.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { warn, worldOf } from '../../world.ts'
import type { DoctorOptions } from './flags.ts'

/** Runs the command and gives its exit status; throws ProvError for what stops it before anything is tried. */
export async function runDoctor(inputs: readonly string[], options: DoctorOptions, io: Io): Promise<number> {
  const world = worldOf(io, options)
  const settings = await settingsFor(options, world)
  for (const warning of settings.warnings) warn(io, options, warning)
  const keys = options.key.length > 0 ? options.key : keysOf(io)
  const listed = options.storage ?? io.env['PROV_STORAGE']
  // A key or a truth may be tried alone; without one, the configuration says which backends there are.
  const isTruthNamed = settings.get('truth.url') !== undefined
  const isTrustNamed = namesTrust(options)
  const isAlone = listed === undefined && (keys.length > 0 || options.truth !== undefined || isTrustNamed)
  const names = isAlone ? [] : backendNames(settings, listed)
  const isIndexed = hasIndex(settings)
  const cached = settings.get('cache.url')
  const readOnly = options.readOnly === true
  const owed = isIndexed ? [...names, INDEX] : names
  const named = await looked(inputs, options, world)
  const { artifacts, notes } = named
  for (const note of notes) warn(io, options, note)
  const told = await doctor({
    keys,
    keyOptions: {
      env: io.env,
      password: (key) => passwordSource({ file: options.passwordFile, env: io.env, question: `Password of ${key}: ` }),
      now: io.now,
      signal: io.signal,
      random: io.random,
      ...(options.keyPublisher === undefined ? {} : { publishers: options.keyPublisher }),
    },
    backends: names.map((name) => ({ name, open: () => opened(name, settings, world) })),
    others: [
      ...(isTrustNamed ? [async () => (await import('./trust.ts')).diagnoseTrust(options, io)] : []),
      ...(isTruthNamed ? [async () => (await import('./truth.ts')).diagnoseTruth(settings, owed, io.now)] : []),
      ...(settings.get('keys.store') === undefined
        ? []
        : [
            async () => {
              const password = givenPassword({ file: options.passwordFile, env: io.env })
              return (await import('../keys/diagnose.ts')).diagnoseJournal(settings, world, password)
            },
          ]),
      ...(isIndexed ? [async () => (await import('./search-index.ts')).diagnoseIndex(settings, io.now)] : []),
      ...(cached === undefined
        ? []
        : [async () => (await import('./cache.ts')).diagnoseCache(cached, settings, world, readOnly)]),
    ],
    artifacts,
    readOnly,
    signal: io.signal,
    now: io.now,
    random: io.random,
  })
  const report = { ...told, exit: exitStatus(told.exit, io) }
  await print(report, named, options, io)
  return report.exit
}

/** True when a flag is about more than keys: those are tried one by one. */
function namesTrust({
  keyring,
  certificateIdentity,
  certificateOidcIssuer,
  trustedRoot,
  caFile,
}: DoctorOptions): boolean {
  return (keyring ?? certificateIdentity ?? certificateOidcIssuer ?? trustedRoot ?? caFile) !== undefined
}

/** Runs and images are wanted by some backends only: none is not a mistake. */
async function looked(inputs: readonly string[], options: DoctorOptions, world: World): Promise<NamedArtifacts> {
  const none = { artifacts: [], notes: [] }
  return inputs.length === 0 && options.image.length === 0 ? none : artifactsOf(inputs, options, world)
}

async function opened(name: string, settings: Settings, world: World): Promise<Backend> {
  refuseUnsupported(settings, [name])
  return openNamed(name, settings, world)
}

function keysOf({ env }: Io): readonly string[] {
  return [env['PROV_KEY'], env['PROV_VERIFY_KEY']].flatMap((key) => (key ? [key] : []))
}

/** With --quiet: the checks that failed, and what was not tried at all. */
function onlyBad(report: DoctorReport): DoctorReport {
  const isBad = ({ outcome }: { readonly outcome: string }): boolean => outcome === 'failed' || outcome === 'skipped'
  return {
    ...report,
    keys: report.keys.filter(isBad).map((key) => ({ ...key, checks: key.checks.filter(isBad) })),
    backends: report.backends.filter(isBad).map((one) => ({ ...one, checks: one.checks.filter(isBad) })),
  }
}

async function print(report: DoctorReport, named: NamedArtifacts, options: DoctorOptions, io: Io): Promise<void> {
  const codes = [...report.keys, ...report.backends].flatMap(({ checks }) =>
    checks.flatMap(({ error }) => error?.code ?? []),
  )
  const next = stepAfter(report.exit, report.exit !== 0 && codes.length === 0 ? ['not_looked'] : codes)
  if (options.json === true) {
    const more = next === undefined ? {} : { next: next.text }
    await write(io.stdout, jsonText({ command: 'doctor', version: VERSION, ...report, ...more, input: named.input }))
  } else if (options.quiet !== true || report.exit !== 0) {
    const read = named.input === undefined ? [] : [inputText(named.input)]
    const told = options.quiet === true ? onlyBad(report) : report
    await write(io.stdout, doctorText(told, layoutOf(io), read, options.quiet === true) + nextText(next, layoutOf(io)))
  }
}
