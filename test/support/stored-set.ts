/** A set of signed entries about made-up runs, and stores that hold it. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openBackend } from '../../backends/index.ts'
import type { About, Backend, Slot } from '../../src/backend/backend.ts'
import { type EntryLocation, type MigrateJob, type Moved, migrate } from '../../src/migrate/migrate.ts'
import type { ImageArtifact, RunArtifact } from '../../src/model/artifact.ts'
import { type Entry, entryId } from '../../src/model/entry.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'
import { aboutImage, aboutRun, attest, imageOf, retrying, signer, signImage, taskRun } from './makers.ts'
import { scratch } from './scratch.ts'

export interface Item {
  readonly run: RunArtifact
  readonly about: About
  readonly entry: Entry
}

export interface EntrySet {
  readonly by: KeySigner
  readonly trust: Trust
  /** Each run has an attestation and an image signature. */
  readonly items: readonly Item[]
}

/** @example const { items, trust } = await entrySet(20) */
export async function entrySet(runs: number): Promise<EntrySet> {
  const by = await signer()
  const items = await Promise.all(
    Array.from({ length: runs }, async (_, n) => {
      const run = taskRun(`build-${n}`)
      const image: ImageArtifact = imageOf(run)
      return [
        { run, about: aboutRun(run), entry: await attest(run, by) },
        { run, about: aboutImage(image), entry: await signImage(image, by) },
      ]
    }),
  )
  return { by, trust: trustOf(by), items: items.flat() }
}

/** Settings of embedded stores in a new folder. */
export function embedded(): Readonly<Record<string, string>> {
  const folder = scratch()
  return {
    'storage.docdb.url': `sqlite:${join(folder, 'prov.db')}`,
    'storage.gcs.directory': join(folder, 'gcs'),
    'storage.s3.directory': join(folder, 's3'),
    'storage.oci.layout': join(folder, 'layout'),
  }
}

/** A handle, closed when the test ends. */
export async function handle(name: string, settings: Readonly<Record<string, string>>): Promise<Backend> {
  const backend = await opened(name, settings)
  onTestFinished(() => backend.close())
  return backend
}

/** A handle that the caller closes. */
export async function opened(name: string, settings: Readonly<Record<string, string>>): Promise<Backend> {
  return openBackend(name, {
    setting: (key) => settings[key],
    env: {},
    now: Date.now,
    random: (size) => randomBytes(size),
    debug: () => undefined,
  })
}

export const calm = { signal: new AbortController().signal }

export async function fill(backend: Backend, items: readonly Item[]): Promise<void> {
  for (const { about, entry } of items) for (const slot of backend.slots(about)) await backend.put(slot, entry, calm)
}

/** Ids of everything in a backend, by its own listing, sorted; an entry in several places counts as often. */
export async function idsIn(backend: Backend): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const slot of backend.list?.({}, calm) ?? []) {
    for (const { entry } of await backend.get(slot, calm)) ids.push(entry === undefined ? 'damage' : entryId(entry))
  }
  return ids.sort()
}

export async function slotOf(backend: Backend, { about }: Item): Promise<Slot> {
  const [slot] = backend.slots(about)
  if (slot === undefined) throw new Error(`no place for it in ${backend.name}`)
  return slot
}

export const noRetry = retrying(1, calm.signal)

async function* listed(source: Backend): AsyncIterable<EntryLocation> {
  for await (const slot of source.list?.({}, calm) ?? []) yield { slot }
}

/** Runs a migration of everything that the source lists, and gives what became of each entry. */
export async function moved(
  source: Backend,
  targets: readonly Backend[],
  trust: Trust,
  more: Partial<MigrateJob> = {},
): Promise<readonly Moved[]> {
  const all: Moved[] = []
  const job: MigrateJob = {
    ...{ source, targets, trust, ...calm, retry: noRetry, concurrency: 4 },
    ...{ includeUnverified: false, deleteSource: false, dryRun: false },
    places: listed(source),
    accepts: () => true,
    turn: async () => undefined,
    ...more,
  }
  for await (const one of migrate(job)) all.push(one)
  return all
}

export function outcomes(all: readonly Moved[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { outcome } of all) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}
