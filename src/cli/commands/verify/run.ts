/** The work of `prov verify`. */

import { refuseUnsupported } from '../../../config/unsupported-settings.ts'
import type { Artifact } from '../../../model/artifact.ts'
import { exitStatus, type Io, write } from '../../../platform/io.ts'
import { reporter } from '../../../platform/progress.ts'
import { jsonText } from '../../../platform/text/json-text.ts'
import { NO_TOTALS, withArtifact } from '../../../report/forms/form.ts'
import type { Reports } from '../../../report/forms/open.ts'
import { inputLine } from '../../../report/text/input-text.ts'
import { curesOf } from '../../../report/text/next-step.ts'
import { badText } from '../../../report/text/verify-text.ts'
import { artifactsOf } from '../../../setup/artifacts.ts'
import { type Setup, setUp } from '../../../setup/backends.ts'
import { demandsFor } from '../../../setup/demands.ts'
import { trustFor } from '../../../setup/keys.ts'
import { policyFor } from '../../../setup/policy.ts'
import { targetsOf } from '../../../setup/targets.ts'
import { type VerifyJob, type VerifyReport, verify } from '../../../verify/verify.ts'
import { VERSION } from '../../../version.ts'
import { givenOf } from '../../given.ts'
import { refuseFilters } from '../../refuse-filters.ts'
import { layoutOf } from '../../terminal.ts'
import { warn, worldOf } from '../../world.ts'
import { type Kept, keptNotes, refuseUncached } from './cache-flag.ts'
import type { VerifyOptions } from './flags.ts'
import { headOf, refuseServersWord, reportsFor, scopeOf } from './reports.ts'
import { notesText, whole } from './text.ts'

/** Runs the command and gives its exit status; throws ProvError for what stops it before anything is read. */
export async function runVerify(inputs: readonly string[], options: VerifyOptions, io: Io): Promise<number> {
  const began = io.now()
  refuseUncached(options)
  const setup = await setUp(options, worldOf(io, options), { truth: true })
  let reports: Reports | undefined
  try {
    const trust = await trustFor(options, worldOf(io, options))
    refuseServersWord(options, trust)
    refuseUnsupported(setup.settings, ['format', ...setup.backends.map((backend) => backend.name)])
    const demands = demandsFor(options, setup)
    if (options.all !== true) refuseFilters(options, { sample: options.sample, 'fail-fast': options.failFast })
    reports = await reportsFor(options, io)
    const { settings } = setup
    const backends = setup.backends.map((backend) => backend.name)
    await reports?.begin(
      headOf({
        version: VERSION,
        began,
        backends,
        demands,
        trust,
        settings,
        policy: policyFor(setup, demands, trust),
        ...scopeOf(inputs, options, backends),
      }),
    )
    if (options.all === true) {
      const { runVerifyAll } = await import('./run-all.ts')
      return await runVerifyAll(inputs, options, { setup, trust, demands, reports, io })
    }
    const named = await artifactsOf(inputs, options, worldOf(io, options))
    const { artifacts, input } = named
    const progress = reporter(io, 'verified', options)
    const job = { trust, demands, signal: io.signal, progress: progress.update }
    const { told, kept, trouble } = await verifyNamed(artifacts, setup, job, options, io)
    progress.end()
    const report = { ...told, exit: exitStatus(told.exit, io) }
    const notes = [...named.notes, ...trouble]
    for (const one of report.artifacts) await reports?.artifact(one)
    await reports?.end({ exit: report.exit, notes: [...notes, ...keptNotes(kept)] })
    const cures = curesOf()
    for (const one of report.artifacts) cures.add(one)
    const next = cures.step(givenOf(inputs, options, backends), report)
    if (options.json === true) {
      const totals = report.artifacts.reduce(withArtifact, NO_TOTALS)
      const more = { totals, ...(next === undefined ? {} : { next: next.text }) }
      await write(
        io.stdout,
        jsonText({ command: 'verify', version: VERSION, ...report, ...kept, ...more, notes, input }),
      )
    } else {
      for (const note of notes) warn(io, options, note)
      const layout = layoutOf(io)
      const silent = reports?.onStdout === true
      if (!silent && options.quiet === true) {
        await write(io.stdout, report.exit === 0 ? '' : notesText(keptNotes(kept), layout) + badText(report, layout))
      }
      if (!silent && options.quiet !== true) {
        const atHand = artifacts.some(({ type }) => type === 'run')
        const head = { backends, trust: report.trust, demands, atHand, wide: options.wide === true }
        await write(
          io.stdout,
          inputLine(named, layout) +
            whole(report, { head, all: options.show === 'all', next, notes: keptNotes(kept) }, layout),
        )
      }
    }
    return report.exit
  } finally {
    await Promise.all([reports?.discard(), setup.close()])
  }
}

interface Verified {
  readonly told: VerifyReport
  readonly kept?: Kept
  readonly trouble: readonly string[]
}

async function verifyNamed(
  artifacts: readonly Artifact[],
  setup: Setup,
  job: Omit<VerifyJob, 'targets'>,
  { cache, ...voice }: VerifyOptions,
  io: Io,
): Promise<Verified> {
  const targeted = artifacts.map((artifact) => ({ artifact, targets: targetsOf(artifact, setup) }))
  const kept = targeted.filter(({ targets }) => targets.length > 0)
  if (cache === undefined || kept.length === 0) {
    return { told: await verify({ ...job, targets: kept.flatMap(({ targets }) => targets) }), trouble: [] }
  }
  const { verifyCached } = await import('./cached.ts')
  return verifyCached({
    ...job,
    cache,
    artifacts: kept.map(({ artifact }) => artifact),
    setup,
    world: worldOf(io, voice),
  })
}
