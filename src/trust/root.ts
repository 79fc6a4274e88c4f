/** Where the trusted root comes from: a file, the public-good instance by TUF, or what was saved of it. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ProvError } from '../errors.ts'
import { readBounded, readOrRefuse } from '../platform/fs/read-limited.ts'
import { isRecord, textIn } from '../platform/text/guards.ts'
import { parseJson } from '../platform/text/strict-json.ts'
import type { ReadRoot } from './root-material.ts'

/** A root with every key of the public-good instance has 8 KB. */
const MAX_BYTES = 4 * 1024 * 1024
const MIRROR = 'https://tuf-repo-cdn.sigstore.dev'

export interface RootWish {
  readonly file?: string
  /** No socket is opened. */
  readonly offline: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * The trusted root. Without a file: the one of the public-good instance, refreshed by TUF; offline what was saved at the last refresh, else the one
 * that came with prov. Throws `trust_unreadable`.
 *
 * @example await readRoot({ file: 'trusted_root.json', offline: true, env: process.env })
 */
export async function readRoot({ file, offline, env }: RootWish): Promise<ReadRoot> {
  if (file !== undefined) {
    const bytes = await readOrRefuse(file, MAX_BYTES, (why) => refused(file, why))
    return { source: file, json: jsonOf(file, bytes) }
  }
  const folder = folderOf(env)
  if (offline) return savedRoot(folder)
  const { refreshedRoot } = await import('./refresh-root.ts')
  return refreshedRoot(MIRROR, folder)
}

function folderOf(env: RootWish['env']): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'prov', 'tuf')
}

/** What the library has saved was verified when it was fetched. */
async function savedRoot(folder: string): Promise<ReadRoot> {
  const path = join(folder, encodeURIComponent(new URL(MIRROR).host), 'targets', 'trusted_root.json')
  const saved = await readBounded(path, MAX_BYTES).catch(() => undefined)
  if (saved !== undefined) return { source: path, json: jsonOf(path, saved) }
  const { default: seeds } = (await import('@sigstore/tuf/seeds.json', { with: { type: 'json' } })) as {
    default: unknown
  }
  const targets = isRecord(seeds) ? seeds[MIRROR] : undefined
  const listed = isRecord(targets) ? targets['targets'] : undefined
  const text = isRecord(listed) ? textIn(listed['trusted_root.json']) : undefined
  const source = 'the trusted root that came with prov'
  if (text === undefined) throw refused(source, 'cannot be read')
  return { source, json: jsonOf(source, Buffer.from(text, 'base64')) }
}

function jsonOf(source: string, bytes: Uint8Array): unknown {
  try {
    return parseJson(source, Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    throw error instanceof ProvError ? refused(source, 'is not valid JSON') : error
  }
}

function refused(source: string, why: string): ProvError {
  return new ProvError('trust_unreadable', `${source} ${why}`, {
    location: source,
    hint: 'cosign trusted-root create makes one for an instance of your own',
  })
}
