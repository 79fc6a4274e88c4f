/** The work of `prov verify`. */

import type { Backend } from '../../../backend/backend.ts'
import { refuseLater } from '../../../config/later.ts'
import { parseBackendList } from '../../../config/lists.ts'
import { ProvError } from '../../../errors.ts'
import { formatNamed } from '../../../formats/index.ts'
import type { Artifact } from '../../../model/artifact.ts'
import { exitOf, type Io, write } from '../../../platform/io.ts'
import { reporter } from '../../../platform/progress.ts'
import { plainJson } from '../../../platform/text/escape-control.ts'
import type { Reports } from '../../../report/forms/open.ts'
import { verifyText } from '../../../report/text/verify-text.ts'
import { loadTrust } from '../../../trust/trusted-keys.ts'
import type { Demands } from '../../../verify/verdict.ts'
import { type VerifyTarget, verify } from '../../../verify/verify.ts'
import { VERSION } from '../../../version.ts'
import { refuseFilters } from '../../filters.ts'
import { artifactsOf, type Setup, setUp, warn } from '../../setup.ts'
import { layoutOf } from '../../terminal.ts'
import { keysOf } from '../../verify-keys.ts'
import type { VerifyOptions } from './command.ts'
import { headOf, reportsFor } from './reports.ts'

/** Runs the command and gives its exit status; throws ProvError for what stops it before anything is read. */
export async function runVerify(inputs: readonly string[], options: VerifyOptions, io: Io): Promise<number> {
  const began = io.now()
  const setup = await setUp(options, io)
  let reports: Reports | undefined
  try {
    const trust = await loadTrust(keysOf(options.key, io), io.env)
    refuseLater(setup.settings, ['format', ...setup.backends.map((backend) => backend.name)])
    const optional = options.optional === undefined ? [] : parseBackendList(options.optional)
    const odd = optional.find((name) => !setup.backends.some((backend) => backend.name === name))
    if (odd !== undefined) throw new ProvError('usage', `--optional names ${odd}, which --storage does not`)
    const demands: Demands = {
      optional,
      strict: options.strict === true,
      ...(options.require === undefined ? {} : { require: options.require }),
    }
    if (options.all !== true) refuseFilters(options, { sample: options.sample, 'fail-fast': options.failFast })
    reports = await reportsFor(options, io)
    const { settings } = setup
    const backends = setup.backends.map((backend) => backend.name)
    await reports?.begin(headOf({ version: VERSION, began, backends, demands, trust, settings }))
    if (options.all === true) {
      const { runVerifyAll } = await import('./run-all.ts')
      return await runVerifyAll(inputs, options, { setup, trust, demands, reports, io })
    }
    const { artifacts, notes } = await artifactsOf(inputs, options, io)
    const targets = artifacts.flatMap((artifact) => targetsOf(artifact, setup))
    const progress = reporter(io, 'verified', options)
    const told = await verify({ targets, trust, demands, signal: io.signal, progress: progress.update })
    progress.end()
    const report = { ...told, exit: exitOf(told.exit, io) }
    for (const one of report.artifacts) await reports?.artifact(one)
    await reports?.end({ exit: report.exit, notes })
    if (options.json === true) {
      await write(
        io.stdout,
        `${plainJson(JSON.stringify({ command: 'verify', version: VERSION, ...report, notes }, null, 2))}\n`,
      )
    } else {
      for (const note of notes) warn(io, options, note)
      const silent = reports?.onStdout === true || (options.quiet === true && report.exit === 0)
      if (!silent) await write(io.stdout, verifyText(report, layoutOf(io)))
    }
    return report.exit
  } finally {
    await Promise.all([reports?.discard(), setup.close()])
  }
}

/** What has to be looked for: an image alone may carry signatures as well as attestations. */
export function targetsOf(artifact: Artifact, setup: Setup): readonly VerifyTarget[] {
  const backends = setup.backendsFor(artifact)
  if (backends.length === 0) return []
  const formats = [...new Set(backends.map((backend) => formatNamed(setup.formatFor(artifact, backend.name)).name))]
  if (artifact.type === 'image') return imageTargets(artifact, backends, setup)
  const format = formats.map(formatNamed).find((f) => f.describes(artifact))
  if (format === undefined) return []
  const required = (backend: string): readonly string[] =>
    setup.formatNamed && artifact.type === 'run' ? [formatNamed(setup.formatFor(artifact, backend)).name] : []
  const about = { artifact, kind: format.kind, subjects: format.subjects(artifact, setup.formatOptions) }
  return [{ about, backends, required, mayBeAbsent: false }]
}

function imageTargets(
  artifact: Artifact & { type: 'image' },
  backends: readonly Backend[],
  setup: Setup,
): readonly VerifyTarget[] {
  const { repository, digest } = artifact.image
  const subjects = [{ name: repository, digest: { sha256: digest.slice('sha256:'.length) } }]
  const alone = artifact.run === undefined
  const base = { required: () => [], mayBeAbsent: alone }
  const kindOf = (format: string) => formatNamed(format).kind
  // One target a kind: a backend that keeps signatures in two kinds is asked for both.
  const signatures = (['raw', 'dsse'] as const).flatMap((kind) => {
    const keeping = backends.filter((backend) => setup.formatsFor(artifact, backend).some((f) => kindOf(f) === kind))
    const about = { artifact, kind, subjects, ...(kind === 'dsse' ? { role: 'signature' as const } : {}) }
    return keeping.length === 0 ? [] : [{ about, backends: keeping, ...base }]
  })
  const about = { artifact, kind: 'dsse' as const, subjects, role: 'attestation' as const }
  return alone ? [...signatures, { about, backends, ...base }] : signatures
}
