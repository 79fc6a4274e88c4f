/** Regions with publishers and keys of their own, for tests of key sets. */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Objects } from '../../src/backend/objects.ts'
import { type PublicJwk, publicJwk } from '../../src/keys/jwk.ts'
import { spki } from '../../src/keys/key-id.ts'
import { type Merged, type MergeJob, merge } from '../../src/keysets/merge.ts'
import { type KeyPlace, regionName } from '../../src/keysets/place.ts'
import type { KeyToPublish } from '../../src/keysets/publication.ts'
import { type RegionHead, regionStatement, signRegion } from '../../src/keysets/region.ts'
import { signerOf } from '../../src/signing/open-signer.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import type { Publishers } from '../../src/trust/publishers.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'

export interface OwnKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: PublicJwk
}

/** Ed25519: made in no time. */
export async function ownKey(): Promise<OwnKey> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { privateKey, publicKey, jwk: await publicJwk(spki(publicKey)) }
}

export const active = ({ jwk }: OwnKey): KeyToPublish => ({ jwk, status: 'active', from: '2026-01-01T00:00:00Z' })
/** Retired at the end of that day of January. */
export const retired = ({ jwk }: OwnKey, day: number): KeyToPublish => ({
  jwk,
  status: 'retired',
  from: '2026-01-01T00:00:00Z',
  until: `2026-01-${String(day).padStart(2, '0')}T00:00:00Z`,
})

export interface Region {
  readonly name: string
  readonly signer: KeySigner
  /** Bytes of a file of this region. */
  file(seq: number, keys: readonly KeyToPublish[], head?: Partial<RegionHead>): Promise<Uint8Array>
}

export async function regionNamed(name: string): Promise<Region> {
  const signer = await signerOf(generateKeyPairSync('ed25519').privateKey)
  return {
    name,
    signer,
    file: async (seq, keys, head = {}) =>
      signRegion(regionStatement(keys, { region: name, seq, now: Date.now(), lifeMs: 3_600_000, ...head }), signer),
  }
}

export function publishersOf(regions: readonly Region[]): Publishers {
  return new Map(regions.map(({ name, signer }) => [name, trustOf(signer)]))
}

/** A file of these regions with the public keys of their publishers, for the command line: its path. */
export function regionsFile(folder: string, regions: readonly Region[]): string {
  const path = join(folder, 'regions.yaml')
  for (const { name, signer } of regions)
    writeFileSync(join(folder, `${name}.pub`), signer.publicKey.export({ type: 'spki', format: 'pem' }))
  const rows = regions.map(({ name }) => `  - name: ${name}\n    file: ${name}.pub\n`)
  writeFileSync(path, `v: 1\nregions:\n${rows.join('')}`)
  return path
}

const never = new AbortController().signal

/** Writes whatever stands there now over, as somebody past prov would. */
export async function overwrite(objects: Objects, name: string, bytes: Uint8Array): Promise<void> {
  const before = await objects.get(name, { signal: never })
  await objects.put(name, bytes, before?.version ?? null, { signal: never })
}

export async function publishFile(
  { objects }: KeyPlace,
  region: Region,
  seq: number,
  keys: readonly KeyToPublish[],
  head: Partial<RegionHead> = {},
): Promise<void> {
  await overwrite(objects, regionName(region.name), await region.file(seq, keys, head))
}

export async function readText({ objects }: KeyPlace, name: string): Promise<string | undefined> {
  const found = await objects.get(name, { signal: never })
  return found === undefined ? undefined : Buffer.from(found.bytes).toString('utf8')
}

export async function mergeOnce(
  place: KeyPlace,
  regions: readonly Region[],
  more: Partial<MergeJob> = {},
): Promise<Merged> {
  return merge({
    place,
    publishers: publishersOf(regions),
    maxKeys: 100,
    signal: never,
    now: Date.now,
    random: (size) => randomBytes(size),
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    waitMs: 1,
    ...more,
  })
}
