/** Two runs stored in tekton and oci, a way to put everything back as it was, and what the commands say of the first one. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parse, stringify } from 'yaml'
import { registry, type ServerName } from '../servers/endpoints.ts'
import { type Outcome, prov, type Run } from './cli.ts'
import { type Proxy as RegistryProxy, startProxy } from './proxy.ts'
import { digestOf, freshName } from './registry.ts'
import { type RunWithImage, runOfImage, runWithImage } from './runs.ts'
import { scratch } from './scratch.ts'
import { keepTags, layoutTags, registryTags, type Tags } from './tags.ts'

export interface KeyFiles {
  readonly private: string
  readonly public: string
}

/** A new PKCS#8 key without a password (no scrypt: it is fast) and its public half. */
export function newKey(type: 'ec' | 'rsa' | 'ed25519' = 'ec'): KeyFiles {
  const { privateKey, publicKey } =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519')
  const folder = scratch()
  writeFileSync(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  writeFileSync(join(folder, 'key.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
  return { private: join(folder, 'key.pem'), public: join(folder, 'key.pub') }
}

export interface Stage extends AsyncDisposable {
  readonly a: RunWithImage
  readonly b: RunWithImage
  readonly key: KeyFiles
  /** Of somebody whom nobody here believes. */
  readonly foreign: KeyFiles
  /** What comes after `store` or `verify`: storage and settings. */
  readonly where: readonly string[]
  readonly tags: Tags
  /** Directory of the image layout; undefined for a registry. */
  readonly layout: string | undefined
  /** In front of the registry; undefined for a directory. */
  readonly proxy: RegistryProxy | undefined
  att(run: RunWithImage): string
  sig(run: RunWithImage): string
  verify(args?: readonly string[], options?: Run): Promise<Outcome>
  store(args?: readonly string[], options?: Run): Promise<Outcome>
  /** Everything as it was right after the first store. */
  restore(): Promise<void>
}

export type Kept = ServerName | 'layout'

/**
 * Stores two runs of two images in one repository, in tekton and oci.
 *
 * @example await using stage = await openStage('distribution')
 */
export async function openStage(kept: Kept, settings: readonly string[] = []): Promise<Stage> {
  const { run, tags, layout, proxy } = kept === 'layout' ? directoryPlace() : await registryPlace(kept)
  const [a, b] = [await run(), await run()]
  const places = layout === undefined ? [] : [`storage.oci.layout=${layout}`]
  const where = ['--storage', 'tekton,oci', ...[...places, ...settings].flatMap((setting) => ['--set', setting])]
  const [key, foreign] = [newKey(), newKey()]
  const stage = {
    ...{ a, b, key, foreign, where, tags, layout, proxy },
    att: ({ digest }: RunWithImage) => `${digest.replace(':', '-')}.att`,
    sig: ({ digest }: RunWithImage) => `${digest.replace(':', '-')}.sig`,
    verify: (args: readonly string[] = [], options: Run = {}) =>
      prov(['verify', ...where, '--key', key.public, ...args, a.file], options),
    store: (args: readonly string[] = [], options: Run = {}) =>
      prov(['store', ...where, '--key', key.private, ...args, a.file], options),
  }
  const stored = await stage.store([b.file])
  expect(stored.code, stored.stdout + stored.stderr).toBe(0)
  const files = [a.file, b.file]
  for (const file of files) copyFileSync(file, `${file}.kept`)
  const restoreTags = await keepTags(stage.tags, await stage.tags.list(), layout)
  return {
    ...stage,
    async restore() {
      proxy?.use(undefined)
      for (const file of files) copyFileSync(`${file}.kept`, file)
      await restoreTags()
    },
    async [Symbol.asyncDispose]() {
      await proxy?.close()
    },
  }
}

interface Place extends Pick<Stage, 'tags' | 'layout' | 'proxy'> {
  readonly run: () => Promise<RunWithImage>
}

function directoryPlace(): Place {
  const [endpoint, name, layout] = ['registry.example', freshName('unlike'), join(scratch(), 'copies')]
  const run = async (): Promise<RunWithImage> => runOfImage({ endpoint, name, digest: digestOf(randomBytes(8)) })
  return { run, tags: layoutTags(layout, `${endpoint}/${name}`), layout, proxy: undefined }
}

async function registryPlace(server: ServerName): Promise<Place> {
  const [endpoint, name] = [registry(server), freshName('unlike')]
  const proxy = await startProxy(endpoint)
  const run = (): Promise<RunWithImage> => runWithImage(endpoint, { through: proxy.endpoint, name })
  return { run, tags: registryTags(endpoint, name), layout: undefined, proxy }
}

interface RunObject {
  readonly metadata: { readonly annotations: Record<string, string>; readonly labels: Record<string, string> }
}

/** Edits the run in its file, as kubectl edit would; annotations are deleted by setting them to undefined. */
export function editRun(file: string, change: (run: RunObject) => void): void {
  const run = parse(readFileSync(file, 'utf8')) as RunObject
  change(run)
  writeFileSync(file, stringify(run))
}

export const annotation = (part: 'payload' | 'signature' | 'cert' | 'chain', key: string): string =>
  `chains.tekton.dev/${part}-${key}`

/** Chains' key of the run's attestation, and of its image's signature. */
export const runKeyOf = ({ uid }: RunWithImage): string => `taskrun-${uid}`
export const imageKeyOf = ({ digest }: RunWithImage): string => digest.slice('sha256:'.length, 'sha256:'.length + 12)

/** Changes one annotation, whose value is handed in decoded from base64. */
export function forgeRunAnnotation(run: RunWithImage, name: string, change: (value: Buffer) => Uint8Array): void {
  editRun(run.file, ({ metadata: { annotations } }) => {
    annotations[name] = Buffer.from(change(Buffer.from(annotations[name] ?? '', 'base64'))).toString('base64')
  })
}
