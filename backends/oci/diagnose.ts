/** What the oci backend says of itself: a registry's or a directory's state, and how far a probe may go there. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Backend, Context, DiagnoseOptions, Diagnostics } from '../../src/backend/backend.ts'
import { type Diagnosis, degraded, failed, skipped, stated } from '../../src/backend/diagnosis.ts'
import { ProvError } from '../../src/errors.ts'
import type { ImageRef } from '../../src/model/artifact.ts'
import { registryOf } from '../../src/model/image-reference.ts'
import { isThere, isWritable, scratchIn, withSettings } from '../shared/scratch.ts'
import { pushSubject } from './bundles/subject.ts'
import { connect } from './connect.ts'
import { failure } from './failure.ts'
import { openLedger } from './ledger.ts'
import type { Registry } from './port.ts'
import { deletesTags, greeting, isMade, referrersOf, tryUpload, whyKept } from './registry/ask.ts'
import type { HostPolicy } from './registry/hosts.ts'
import { type OciSettings, servable } from './settings.ts'

export interface DiagnoseJob {
  readonly context: Context
  readonly settings: OciSettings
  readonly policy: HostPolicy
  open(context: Context, wrap?: (registry: Registry) => Registry): Backend
}

const NO_IMAGE = 'name an image with --image REPO@sha256:…, or a repository with storage.oci.repository'
const NO_BUNDLE_IMAGE = 'bundles lie with their images: name one with --image REPO@sha256:…'

const NO_TAGS = 'the registry deletes no tags, so an empty one stays where the last copy is removed'

/**
 * @example await diagnose({ context, settings, policy, open: openOci }, { signal, readOnly: false, artifacts: [] })
 */
export async function diagnose(job: DiagnoseJob, options: DiagnoseOptions): Promise<Diagnostics> {
  return job.settings.layout === undefined
    ? diagnoseRegistry(job, options)
    : diagnoseLayout(job, job.settings.layout, options)
}

/** The directory itself stays as it is: the probe goes to a layout of its own inside it, or beside it while it is not there. */
async function diagnoseLayout(job: DiagnoseJob, layout: string, options: DiagnoseOptions): Promise<Diagnostics> {
  const { context, policy, settings } = job
  const checks = [
    stated('tag-writes', 'index.json changes under a lock file'),
    stated('referrers', 'a directory lists them in the index under the fallback tag'),
  ]
  if (options.readOnly) return { checks }
  const barred = await barredLayout(layout)
  if (barred !== undefined) {
    return { checks: [...checks, failed('write', barred)], upTo: { extent: 'read', reason: barred.message } }
  }
  const scratch = await scratchIn(layout, context)
  const own = withSettings(context, { 'storage.oci.layout': scratch.path })
  const standing = { checks, standIn: job.open(own), sweep: () => scratch.sweep() }
  if (!settings.encodings.includes('sigstore-bundle')) return standing
  const { registry } = await connect({ ...settings, layout: scratch.path }, policy, own)
  const image = options.madeUpImage('prov-doctor.invalid/probe')
  return pushed(standing, () => pushSubject(registry, image.repository, context.random, options))
}

/** Why the directory could not be written in, although a folder could be made in it. */
async function barredLayout(layout: string): Promise<ProvError | undefined> {
  if (!(await isThere(layout))) return undefined
  const names: readonly string[] = await readdir(layout).catch(() => [])
  const where = { operation: 'probe', location: layout }
  if (!names.includes('oci-layout') && names.some((name) => !/^(blobs|index\.json|\..*)$/.test(name))) {
    return failure('target_unwritable', `${layout} holds other files and is not an OCI image layout`, where)
  }
  const blobs = join(layout, 'blobs', 'sha256')
  if (!(await isThere(blobs)) || (await isWritable(blobs))) return undefined
  return failure('denied', `${blobs} may not be written by this user`, where)
}

async function diagnoseRegistry(job: DiagnoseJob, options: DiagnoseOptions): Promise<Diagnostics> {
  const { context, settings, policy } = job
  const image = imageIn(options)
  const own = image === undefined ? undefined : servable(image.repository)
  const repo = settings.repository ?? own
  if (repo === undefined) return { checks: [tagWrites(settings)], upTo: { extent: 'nothing', reason: NO_IMAGE } }
  const hasBundles = settings.encodings.includes('sigstore-bundle')
  const repos = [...new Set([repo, ...(hasBundles && own !== undefined ? [own] : [])])]
  for (const one of repos) {
    if (!policy.admits(registryOf(one)))
      throw failure('host_refused', `the registry ${registryOf(one)} is not allowed`, {
        operation: 'plan',
        location: one,
      })
  }
  const { registry } = await connect(settings, policy, context)
  try {
    const greeted = await greeting(registry, repo, () => context.now(), options)
    if (greeted.some(({ outcome }) => outcome === 'failed')) return { checks: greeted }
    const referrers = await referrersOf(registry, own ?? repo, hasBundles, () => context.now(), options)
    const checks = [...greeted, referrers, tagWrites(settings)]
    if (hasBundles && own === undefined && !settings.encodings.includes('dsse')) {
      return { checks, upTo: { extent: 'nothing', reason: NO_BUNDLE_IMAGE } }
    }
    const told = { ...job, repos, repo, own }
    return await limits(told, checks, registry, options)
  } finally {
    registry.close()
  }
}

interface Told extends DiagnoseJob {
  readonly repos: readonly string[]
  /** Of the tags. */
  readonly repo: string
  /** Of the image that was named. */
  readonly own: string | undefined
}

/** A probe is written only where it can be taken away again, and not where it would make a repository. */
async function limits(
  job: Told,
  checks: readonly Diagnosis[],
  registry: Registry,
  options: DiagnoseOptions,
): Promise<Diagnostics> {
  const { context, settings, repo, own } = job
  const bundleless = settings.encodings.includes('sigstore-bundle') && own === undefined
  const note: Diagnosis[] = bundleless ? [stated('referrers', skipped(NO_BUNDLE_IMAGE))] : []
  const reduced = bundleless ? withSettings(context, { 'storage.oci.encoding-format': 'dsse' }) : context
  const image = options.madeUpImage(own ?? repo)
  if (options.readOnly) return { checks: [...checks, ...note], image, standIn: job.open(reduced) }
  const limited = (reason: string, more: readonly Diagnosis[]): Diagnostics => ({
    checks: [...checks, ...note, ...more],
    image,
    standIn: job.open(reduced),
    upTo: { extent: 'read', reason },
  })
  for (const one of job.repos) {
    // Some registries make a repository with the first upload that is begun.
    if (!(await isMade(registry, one, options))) {
      return limited(`${one} is not there yet, and a probe would make it: push something there first`, [])
    }
    const kept = await whyKept(registry, one, options)
    if (kept === undefined) {
      if (!(await deletesTags(registry, one, options))) note.push(stated('delete', degraded(NO_TAGS)))
      continue
    }
    const write = await tryUpload(registry, one, kept, () => context.now(), options)
    return limited(kept, [write, stated('delete', degraded(kept))])
  }
  const found = await standing(job, reduced, image, options)
  return { ...found, checks: [...checks, ...note, ...found.checks] }
}

async function standing(job: Told, context: Context, image: ImageRef, options: DiagnoseOptions): Promise<Diagnostics> {
  const { settings, policy, own } = job
  const ledger = openLedger()
  const sweep: Diagnostics['sweep'] = async (_slots, calls) => {
    const { registry } = await connect(settings, policy, context)
    await ledger.sweep(registry, calls).finally(() => registry.close())
  }
  const found = { checks: [], image, standIn: job.open(context, ledger.watch), sweep }
  if (own === undefined || !settings.encodings.includes('sigstore-bundle')) return found
  const { registry } = await connect(settings, policy, context, ledger.watch)
  return pushed(found, () => pushSubject(registry, own, context.random, options).finally(() => registry.close()))
}

/** With an image for bundles to refer to; where none could be pushed, that is what writing comes to. */
async function pushed(found: Diagnostics, push: () => Promise<ImageRef>): Promise<Diagnostics> {
  try {
    return { ...found, image: await push() }
  } catch (thrown) {
    if (!(thrown instanceof ProvError)) throw thrown
    const reason = 'no image could be pushed for a bundle to refer to'
    return { ...found, checks: [...found.checks, failed('write', thrown)], upTo: { extent: 'read', reason } }
  }
}

/** One that was named itself, else one of a run. */
function imageIn({ artifacts }: DiagnoseOptions): ImageRef | undefined {
  const images = artifacts.flatMap((artifact) => (artifact.type === 'image' ? [artifact] : []))
  return (images.find(({ run }) => run === undefined) ?? images[0])?.image
}

function tagWrites({ tagWrites: mode }: OciSettings): Diagnosis {
  const readback =
    'readback: of two writers of one tag at one moment one may lose its copy, which store or repair brings back; storage.oci.tag-writes=markers loses none'
  return stated('tag-writes', mode === 'markers' ? 'markers: no writer loses a copy' : degraded(readback))
}
