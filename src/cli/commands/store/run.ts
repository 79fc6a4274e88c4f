/** The work of `prov store`. */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Backend } from '../../../backend/backend.ts'
import { parseBackendList } from '../../../config/lists.ts'
import { refuseUnsupported } from '../../../config/unsupported-settings.ts'
import { ProvError } from '../../../errors.ts'
import { formatNamed } from '../../../formats/index.ts'
import { passwordSource } from '../../../keys/password.ts'
import { publicKeyBeside } from '../../../keys/public-half.ts'
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
import { isAnyoneTrusted, trustFor } from '../../../setup/keys.ts'
import type { World } from '../../../setup/world.ts'
import { loadSigner } from '../../../signing/open-signer.ts'
import type { KeySigner } from '../../../signing/signer.ts'
import type { StoreItem } from '../../../store/prepare.ts'
import { type StoreJob, type StoreReport, store } from '../../../store/store.ts'
import type { Trust } from '../../../trust/trust.ts'
import { joinTrust, trustOf, withoutThreshold } from '../../../trust/trusted-keys.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { warn, worldOf } from '../../world.ts'
import type { StoreOptions } from './flags.ts'
import type { CommittedReport } from './run-truth.ts'

/** Entries of which memory counts more than the time to load what keeps it. */
const MANY = 100

/** Runs the command and gives its exit status; throws ProvError for what stops it before anything is written. */
export async function runStore(inputs: readonly string[], options: StoreOptions, io: Io): Promise<number> {
  const key = options.key ?? io.env['PROV_KEY']
  const signer = signerSource(key, options, io)
  openEarly(key, signer, options, io)
  const setup = await setUp(options, worldOf(io, options), { absolute: true })
  try {
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
      signer,
      trust: () => trustSource(key, signer, options, io),
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

/**
 * Deriving the key of an encrypted file takes a fifth of a second on another thread: it begins before anything is read. Not where
 * somebody would be asked for a password, who has to hear of a mistake in the command first.
 */
function openEarly(key: string | undefined, signer: () => Promise<KeySigner>, options: StoreOptions, io: Io): void {
  const given = options.passwordFile ?? io.env['PROV_PASSWORD'] ?? io.env['COSIGN_PASSWORD']
  if (key === undefined || given === undefined || options.dryRun === true) return
  signer().catch(() => undefined) // said when the key is needed
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

function signerSource(key: string | undefined, options: StoreOptions, io: Io): () => Promise<KeySigner> {
  let opened: Promise<KeySigner> | undefined
  return () => {
    if (key === undefined) throw new ProvError('usage', 'no private key was given', { hint: 'use --key cosign.key' })
    const question = `Password of ${key}: `
    opened ??= loadSigner({
      key,
      password: passwordSource({ file: options.passwordFile, env: io.env, question }),
      env: io.env,
    })
    return opened
  }
}

/**
 * Whose copies count as ours. The private key itself says which public half that is; only a dry run, which must not touch it,
 * takes the word of the .pub file beside it.
 */
async function trustSource(
  key: string | undefined,
  signer: () => Promise<KeySigner>,
  options: StoreOptions,
  io: Io,
): Promise<Trust> {
  // How many must have signed is asked of whoever verifies: here the first of them may be at work.
  const flags = { ...options, key: options.verifyKey }
  const given = isAnyoneTrusted(flags) ? [withoutThreshold(await trustFor(flags, io))] : []
  if (options.dryRun !== true) return joinTrust([trustOf(await signer()), ...given])
  const beside = key === undefined ? undefined : await publicKeyBeside(key)
  if (beside !== undefined) return joinTrust([trustOf(beside), ...given])
  return joinTrust(key === undefined ? given : [trustOf(await signer()), ...given])
}
