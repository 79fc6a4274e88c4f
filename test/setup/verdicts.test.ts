/** Verdicts through a cache: what one is found again for, and what makes another question. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import type { Artifact, RunArtifact } from '../../src/model/artifact.ts'
import { parseStatement } from '../../src/model/statement.ts'
import { type BackendOptions, setUp } from '../../src/setup/backends.ts'
import { verdictCache } from '../../src/setup/cache.ts'
import type { Surroundings } from '../../src/setup/reach.ts'
import { verdictsOf } from '../../src/setup/verdicts.ts'
import type { World } from '../../src/setup/world.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'
import type { Demands } from '../../src/verify/verdict.ts'
import { signer, taskRun } from '../support/makers.ts'
import { scratch } from '../support/scratch.ts'
import { counting, reportOf } from '../support/verdicts.ts'

const folder = scratch()
const [own, other] = await Promise.all([signer(), signer()])
const digest = `sha256:${'a'.repeat(64)}`
const IMAGE: Artifact = { type: 'image', image: { repository: 'r.example/app', digest } }

function worldWith(env: Readonly<Record<string, string>> = {}): World {
  return {
    env,
    signal: new AbortController().signal,
    now: Date.now,
    random: randomBytes,
    stdin: Readable.from([]),
    warn: () => undefined,
    debug: () => undefined,
  }
}

interface Asked extends BackendOptions {
  readonly artifact?: Artifact
  readonly demands?: Partial<Demands>
  readonly trust?: ReturnType<typeof trustOf>
  readonly env?: Readonly<Record<string, string>>
  readonly host?: string
  readonly namespace?: string
}

const SET = [`storage.oci.layout=${folder}/layout`, `storage.docdb.url=sqlite:${folder}/prov.db`]

/** The key that is asked for. */
async function keyFor(asked: Asked = {}): Promise<string> {
  const {
    artifact = IMAGE,
    demands,
    trust = trustOf(own),
    env = {},
    host = 'here',
    namespace = 'prov',
    ...given
  } = asked
  const options = { storage: 'oci,docdb', ...given, set: [...SET, ...(given.set ?? [])] }
  const setup = await setUp(options, worldWith(env), { truth: true })
  const keys: string[] = []
  const cache = {
    namespace,
    ask: async ({ key }: { readonly key: string }) => {
      keys.push(key)
      return { report: reportOf('='), cached: false, ageMs: 0 }
    },
    close: async () => undefined,
  }
  const surroundings: Surroundings = { env, host }
  const all = { optional: [], strict: false, ...demands }
  const verdicts = verdictsOf({ cache, setup, trust, demands: all, surroundings })
  await verdicts.artifact(artifact, worldWith().signal)
  await setup.close()
  return keys[0] ?? ''
}

const run = (more: Partial<RunArtifact> = {}): RunArtifact => ({
  ...taskRun('a'),
  source: { file: 'run.yaml', document: 0 },
  ...more,
})
const statement = (name: string, text: string): Artifact => parseStatement(name, Buffer.from(text))
const STATEMENT =
  '{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"}}],"predicateType":"t","predicate":{}}'

const OTHERS: Readonly<Record<string, Asked>> = {
  'another image': {
    artifact: { type: 'image', image: { repository: 'r.example/app', digest: `sha256:${'b'.repeat(64)}` } },
  },
  'the same digest in another repository': {
    artifact: { type: 'image', image: { repository: 'r.example/b', digest } },
  },
  'the image of a run': { artifact: { type: 'image', image: { repository: 'r.example/app', digest }, run: run() } },
  'the image of another run': {
    artifact: { type: 'image', image: { repository: 'r.example/app', digest }, run: run({ uid: 'other' }) },
  },
  'a run': { artifact: run() },
  'a run that was edited': { artifact: run({ object: { ...run().object, extra: true } }) },
  'a run in another file': { artifact: run({ source: { file: 'other.yaml', document: 0 } }) },
  'a run of a cluster': {
    artifact: run({ source: { file: 'x', document: 0, cluster: { server: 'https://a', namespace: 'ci', name: 'a' } } }),
  },
  'a Statement': { artifact: statement('s.json', STATEMENT) },
  'a Statement with other bytes': { artifact: statement('s.json', `${STATEMENT}\n`) },
  'another key': { trust: trustOf(other) },
  'another window of the key': { trust: trustOf(own, 'it', { until: 9e12 }) },
  'an optional backend': { demands: { optional: ['oci'] } },
  'another optional backend': { demands: { optional: ['docdb'] } },
  'enough backends': { demands: { require: 1 } },
  'strangers count': { demands: { strict: true } },
  'a record among the backends': { demands: { records: ['docdb'] } },
  'another order of the backends': { storage: 'docdb,oci' },
  'one backend': { storage: 'oci' },
  'another backend': { storage: 'oci,gcs', set: [`storage.gcs.directory=${folder}/gcs`] },
  'another folder': { set: [`storage.oci.layout=${folder}/other`] },
  'another database': { set: [`storage.docdb.url=sqlite:${folder}/other.db`] },
  'the same folder on another machine': { host: 'there' },
  'a repository of its own': { set: ['storage.oci.repository=r.example/copies'] },
  'other hosts': { set: ['storage.oci.hosts=r.example'] },
  'another time limit': { timeout: 5 },
  'a named format': { format: 'slsa/v1' },
  'another named format': { format: 'slsa/v2alpha4' },
  'a proxy': { env: { HTTPS_PROXY: 'http://proxy.example:3128' } },
  'a proxy in lower case': { env: { https_proxy: 'http://other.example:3128' } },
  'hosts that are asked without it': { env: { HTTPS_PROXY: 'http://proxy.example:3128', NO_PROXY: 'r.example' } },
  'another namespace': { namespace: 'next' },
}

it('everything that a verdict depends on makes another key', async () => {
  const named = [['the same again', {}] as const, ...Object.entries(OTHERS)]
  const byKey = new Map<string, string[]>()
  for (const [name, asked] of named) {
    const key = await keyFor(asked)
    byKey.set(key, [...(byKey.get(key) ?? []), name])
  }
  expect([...byKey.values()].filter((names) => names.length > 1)).toEqual([])
  expect(byKey.size).toBe(named.length)
})

it('the trusted keys and the digest stand in the key as they are', async () => {
  const hash = trustOf(own).hash.slice('sha256:'.length)
  expect((await keyFor()).split(':').slice(3, 7)).toEqual(['prov', 'a'.repeat(64), expect.any(String), hash])
})

it('what a verdict does not depend on makes no other key', async () => {
  const key = await keyFor()
  mkdirSync(join(folder, 'layout'), { recursive: true })
  symlinkSync(join(folder, 'layout'), join(folder, 'link'))
  const same: readonly Asked[] = [
    {},
    { set: SET.toReversed() },
    { set: [`storage.oci.layout=${folder}/link`] },
    { set: ['cache.ttl-pass=5s', 'storage.gcs.bucket=unused'] },
    { trust: trustOf(own, 'another file') },
    { env: { STORAGE_EMULATOR_HOST: 'unused:1', HOME: '/home/x' } },
  ]
  for (const asked of same) expect(await keyFor(asked)).toBe(key)
})

it('variables that say where a store is count, without the password in them', async () => {
  const at = (env: Readonly<Record<string, string>>): Promise<string> =>
    keyFor({ storage: 's3,docdb', set: ['storage.s3.bucket=b', 'storage.docdb.url=mongo://d/c?id_field=Name'], env })
  const MONGO_SERVER_URL = 'mongodb://prov:one@db.example'
  const first = await at({ MONGO_SERVER_URL, AWS_REGION: 'eu-1' })
  expect(await at({ MONGO_SERVER_URL, AWS_REGION: 'eu-2' })).not.toBe(first)
  expect(await at({ MONGO_SERVER_URL: 'mongodb://prov:one@other.example', AWS_REGION: 'eu-1' })).not.toBe(first)
  expect(await at({ MONGO_SERVER_URL: 'mongodb://prov:two@db.example', AWS_REGION: 'eu-1' })).toBe(first)
})

it('a store that is on no disk is the same from every machine', async () => {
  const remote = { storage: 's3', set: ['storage.s3.bucket=b', 'storage.s3.region=eu-1'] }
  expect(await keyFor({ ...remote, host: 'a' })).toBe(await keyFor({ ...remote, host: 'b' }))
})

it('an image is judged as prov verify does, and found again', async () => {
  const setup = await setUp({ storage: 'oci', set: SET }, worldWith())
  const events = counting()
  const cache = await verdictCache('memory', setup.settings, worldWith(), { events })
  const demands = { optional: [], strict: false }
  const trust = trustOf(own)
  const verdicts = verdictsOf({ cache, setup, trust, demands, surroundings: { env: {}, host: 'here' } })
  const image = { repository: 'r.example/app', digest }
  const { signal } = worldWith()
  const first = await verdicts.image(image, signal)
  expect(first).toMatchObject({ verdict: 'absent', exit: 5, holding: [], cached: false, ageMs: 0, keys: trust.hash })
  expect(first.policy).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(first.findings[0]?.code).toBe('absent')
  expect(await verdicts.image(image, signal)).toMatchObject({ ...first, cached: true, ageMs: expect.any(Number) })
  expect(events.counts).toEqual({ miss: 1, hit: 1 })
  await expect(verdicts.image(image, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' })
  await cache.close()
  await setup.close()
})

const ask = async (url: string, set: readonly string[] = []): Promise<string> => {
  try {
    const { settings } = await setUp({ storage: 'oci', set: [...SET, ...set] }, worldWith())
    await (await verdictCache(url, settings, worldWith(), { events: counting() })).close()
    return 'taken'
  } catch (thrown) {
    const { code, message } = thrown as { code: string; message: string }
    return `${code}: ${message}`
  }
}

function macKey(bytes: number): string {
  const file = join(folder, `mac-${bytes}`)
  writeFileSync(file, randomBytes(bytes))
  return `cache.mac-key-file=${file}`
}

it.each([
  ['none', 'taken'],
  ['memory', 'taken'],
  ['redis', 'usage: a cache is'],
  ['redis://', 'usage: a cache is'],
  ['http://cache', 'usage: a cache is'],
  ['dapr:http://127.0.0.1:3500', 'usage: a cache is'],
  ['dapr:http://127.0.0.1:3500/a/b', 'usage: a cache is'],
  ['dapr:https://127.0.0.1:3500/a', 'usage: a cache is'],
  ['redis://cache/x', 'usage: a cache is'],
  ['', 'usage: a cache is'],
  ['redis://prov:hush@cache/1', 'usage: the URL of the cache holds a password'],
  ['redis://cache/1', 'config_invalid: a cache that others can write to needs cache.mac-key-file'],
  ['dapr:http://127.0.0.1:3500/a', 'config_invalid: a cache that others can write to needs cache.mac-key-file'],
])('the cache %j: %s', async (url, said) => {
  expect(await ask(url)).toContain(said)
})

it('a MAC key has 32 bytes', async () => {
  expect(await ask('redis://cache/1', [macKey(32)])).toBe('taken')
  for (const bytes of [0, 5, 31, 33, 4000])
    expect(await ask('redis://cache/1', [macKey(bytes)])).toContain('config_invalid')
  expect(await ask('redis://cache/1', [macKey(5)])).toContain('has 5 bytes')
  expect(await ask('memory', [macKey(5)])).toContain('has 5 bytes')
  expect(await ask('redis://cache/1', [`cache.mac-key-file=${folder}/none`])).toContain('does not exist')
})

it('a time that Dapr would keep for ever is refused, and no time at all everywhere', async () => {
  const short = 'cache.ttl-absent=500ms'
  expect(await ask('dapr:http://127.0.0.1:3500/a', [macKey(32), short])).toContain('cache.ttl-absent is shorter')
  expect(await ask('redis://cache/1', [macKey(32), short])).toBe('taken')
  expect(await ask('memory', ['cache.ttl-pass=0s'])).toContain('config_invalid')
})

it('a namespace that could end in another key is refused', async () => {
  expect(await ask('memory', ['cache.namespace=a:b'])).toContain('cache.namespace')
})
