/** The work of `prov store`. */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Backend } from '../../../backend/backend.ts'
import { parseBackendList } from '../../../config/lists.ts'
import { refuseUnsupported } from '../../../config/unsupported-settings.ts'
import { ProvError } from '../../../errors.ts'
import { formatNamed } from '../../../formats/index.ts'
import { type Artifact, artifactName, hasEnded } from '../../../model/artifact.ts'
import { steadyMemory } from '../../../platform/async/limit-heap-growth.ts'
import { exitStatus, type Io, write } from '../../../platform/io.ts'
import { reporter } from '../../../platform/progress.ts'
import { jsonText } from '../../../platform/text/json-text.ts'
import { commitText } from '../../../report/text/commit-text.ts'
import { inputLine } from '../../../report/text/input-text.ts'
import { nextText, stepAfter } from '../../../report/text/next-step.ts'
import { storeText } from '../../../report/text/verify-text.ts'
import { artifactsOf } from '../../../setup/artifacts.ts'
import { type Setup, setUp } from '../../../setup/backends.ts'
import type { World } from '../../../setup/world.ts'
import type { StoreItem } from '../../../store/prepare.ts'
import { type StoreJob, type StoreReport, store } from '../../../store/store.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { warn, worldOf } from '../../world.ts'
import type { StoreOptions } from './flags.ts'
import type { CommittedReport } from './run-truth.ts'
import { JOURNAL, keySigning } from './signing.ts'

/** Entries of which memory counts more than the time to load what keeps it. */
const MANY = 100

/** Runs the command and gives its exit status; throws ProvError for what stops it before anything is written. */
export async function runStore(inputs: readonly string[], options: StoreOptions, io: Io): Promise<number> {
  const key = options.key ?? io.env['PROV_KEY']
  let signing = key === JOURNAL ? undefined : keySigning(key, options, io)
  const setup = await setUp(options, worldOf(io, options), { absolute: true })
  try {
    signing ??= await (await import('./journal-signing.ts')).journalSigning(setup.settings, options, io)
    if (key === undefined && options.dryRun !== true) {
      throw new ProvError('usage', 'no private key was given', {
        hint: 'use --key cosign.key; prov keys generate makes one',
      })
    }
    refuseUnsupported(setup.settings, ['store', 'format', ...setup.backends.map((backend) => backend.name)])
    const optional = options.optional === undefined ? [] : parseBackendList(options.optional)
    refuseUnnamed(optional, setup)
    const isOwed = setup.settings.get('truth.url') !== undefined
    const named = await artifactsOf(isOwed ? inputs.map(absolute) : inputs, options, worldOf(io, options))
    const { artifacts, notes: read, input } = named
    if (artifacts.some(asksForUpload)) refuseUnsupported(setup.settings, ['upload'])
    const notes = [...read, ...artifacts.flatMap(unfinished)]
    const items = artifacts.flatMap((artifact) => itemsOf(artifact, setup))
    if (items.length === 0) throw nothingToStore(options)
    if (items.length > MANY) steadyMemory()
    const progress = reporter(io, 'stored', options)
    const job: StoreJob = {
      items,
      signer: signing.signer,
      trust: signing.trust,
      formatOptions: setup.formatOptions,
      optional,
      ...(options.require === undefined ? {} : { require: options.require }),
      resign: options.resign === true,
      dryRun: options.dryRun === true,
      signal: io.signal,
      retry: setup.retry,
      progress: progress.update,
    }
    const told = await storeOrCommit(job, options, setup, worldOf(io, options))
    progress.end()
    const { notes: more = [], ...whole } = told
    notes.push(...more)
    const report = { ...whole, exit: exitStatus(told.exit, io) }
    const next = stepAfter(
      report.exit,
      report.findings.map(({ code }) => code),
    )
    if (options.json === true) {
      const step = next === undefined ? {} : { next: next.text }
      const json = {
        command: 'store',
        version: VERSION,
        dryRun: options.dryRun === true,
        ...report,
        ...step,
        notes,
        input,
      }
      await write(io.stdout, jsonText(json))
    } else {
      for (const note of notes) warn(io, options, note)
      if (options.quiet !== true || report.exit !== 0) {
        const quiet = options.quiet === true
        const text =
          report.truth !== undefined && options.dryRun !== true
            ? commitText({ ...report, truth: report.truth }, layoutOf(io), { quiet })
            : storeText(report, layoutOf(io), { dryRun: options.dryRun === true, quiet })
        await write(io.stdout, (quiet ? '' : inputLine(named, layoutOf(io))) + text + nextText(next, layoutOf(io)))
      }
    }
    return report.exit
  } finally {
    await signing?.close()
    await setup.close()
  }
}

/** With a truth the entries are committed to it first; the module that does so is loaded only then. */
async function storeOrCommit(
  job: StoreJob,
  options: StoreOptions,
  setup: Setup,
  world: World,
): Promise<StoreReport & Partial<Pick<CommittedReport, 'truth' | 'notes'>>> {
  const { wait, requireWorker } = options
  if (setup.settings.get('truth.url') === undefined) {
    if (wait === undefined && requireWorker !== true) return store(job)
    throw new ProvError('usage', `--${wait === undefined ? 'require-worker' : 'wait'} needs --truth`)
  }
  if (options.require !== undefined) {
    throw new ProvError('usage', '--require cannot be used with --truth: every copy is owed until it is there', {
      hint: 'name the backends that may fail with --optional',
    })
  }
  const { commitAndDeliver, hasTruth } = await import('./run-truth.ts')
  if (!hasTruth(setup.settings, job.dryRun)) return store(job)
  return commitAndDeliver(job, { wait, requireWorker }, setup, world)
}

/** Whoever delivers works in another folder. A name of the cluster stays, and so does standard input. */
function absolute(input: string): string {
  return existsSync(input) ? resolve(input) : input
}

/** What `transparency.enabled: manual` waits for (reference: chains.md, section 5). */
function asksForUpload(artifact: Artifact): boolean {
  if (artifact.type !== 'run') return false
  const metadata = artifact.object['metadata'] as
    | { readonly annotations?: Readonly<Record<string, unknown>> }
    | undefined
  return metadata?.annotations?.['chains.tekton.dev/transparency-upload'] === 'true'
}

function unfinished(artifact: Artifact): readonly string[] {
  if (artifact.type !== 'run' || hasEnded(artifact)) return []
  return [`${artifactName(artifact)} has not ended: what is signed now will not say how it did`]
}

/** One item for each format that an artifact's backends ask for. */
function itemsOf(artifact: Artifact, setup: Setup): readonly StoreItem[] {
  const byFormat = new Map<string, Backend[]>()
  for (const backend of setup.backendsFor(artifact)) {
    for (const format of setup.formatsFor(artifact, backend)) {
      const { name } = formatNamed(format)
      byFormat.set(name, [...(byFormat.get(name) ?? []), backend])
    }
  }
  return [...byFormat]
    .map(([name, backends]) => ({ artifact, format: formatNamed(name), backends }))
    .filter((item) => item.format.describes(artifact))
}

function nothingToStore(options: StoreOptions): ProvError {
  const format = options.format === undefined ? '' : ` in the format ${options.format}`
  return new ProvError('input_empty', `there is nothing in the input to store${format}`, {
    hint: 'prov payload shows what an input gives',
  })
}

function refuseUnnamed(optional: readonly string[], setup: Setup): void {
  const odd = optional.find((name) => !setup.backends.some((backend) => backend.name === name))
  if (odd === undefined) return
  throw new ProvError('usage', `--optional names ${odd}, which --storage does not`)
}
