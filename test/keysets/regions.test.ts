/** `prov keys publish`, `merge` and `status` on real stores, as people and timers call them. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type KeyPlace, PUBLIC, regionName } from '../../src/keysets/place.ts'
import type { KeyToPublish } from '../../src/keysets/publication.ts'
import { regionStatement, signRegion } from '../../src/keysets/region.ts'
import { loadSigner } from '../../src/signing/open-signer.ts'
import { describeWith } from '../servers/endpoints.ts'
import { BIN, cleanEnv } from '../support/cli.ts'
import { freePort } from '../support/free-port.ts'
import { provHere, type Said } from '../support/in-process.ts'
import { KEY_PLACES, type KeyPlaces } from '../support/key-places.ts'
import { fixtureKey, keySite } from '../support/key-site.ts'
import { metricIn } from '../support/metrics.ts'
import { mergeHere, publishHere, type RegionPlace, regionPlace, statusHere } from '../support/region-outputs.ts'
import {
  active,
  mergeOnce,
  overwrite,
  ownKey,
  publishFile,
  readText,
  regionNamed,
  regionsFile,
} from '../support/regions.ts'
import { PASSWORD, PRIVATE_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const jsonOf = ({ stdout }: Said) => JSON.parse(stdout)

/** Both regions published and merged. */
async function merged(): Promise<RegionPlace> {
  const at = regionPlace()
  await publishHere(at, 'eu')
  await publishHere(at, 'us', [(await ownKey()).jwk])
  expect(await mergeHere(at)).toMatchObject({ code: 0 })
  return at
}

/** The next file of a region, as it was published hours ago. */
async function publishedAgo(at: RegionPlace, region: string, hours: number): Promise<void> {
  const path = inFolder(at, regionName(region))
  const { payload } = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { payload: '' }
  const { seq = 0 } = JSON.parse(Buffer.from(payload, 'base64').toString() || '{}') as { readonly seq?: number }
  const head = { region, seq: seq + 1, now: Date.now() - hours * 3_600_000, lifeMs: 86_400_000 }
  const signer = await loadSigner({ key: PRIVATE_KEY, password: async () => PASSWORD })
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, await signRegion(regionStatement([await fixtureKey()], head), signer))
}

const inFolder = ({ folder }: RegionPlace, name: string): string => join(folder, 'jwks', name)
const textIn = (at: RegionPlace, name = PUBLIC): string => readFileSync(inFolder(at, name), 'utf8')

describe('publish', () => {
  test('counts up, also when its own file is damaged or gone', async () => {
    const at = await merged()
    expect(jsonOf(await publishHere(at, 'eu'))).toMatchObject({ outcome: 'written', seq: 2 })
    await mergeHere(at)
    writeFileSync(inFolder(at, regionName('eu')), '{')
    expect(jsonOf(await publishHere(at, 'eu'))).toMatchObject({ seq: 3 })
    expect(await mergeHere(at)).toMatchObject({ code: 0 })
  })

  test('does not guess where nothing says which number comes next', async () => {
    const at = await merged()
    writeFileSync(inFolder(at, regionName('eu')), '{')
    writeFileSync(inFolder(at, PUBLIC), '{')
    const said = await publishHere(at, 'eu')
    expect(said.code).toBe(3)
    expect(jsonOf(said).error).toMatchObject({
      code: 'keyset_refused',
      message: expect.stringContaining('which number comes next'),
    })
  })

  test('a number that nobody has signed is not a reason to use up all numbers', async () => {
    const at = await merged()
    const set = JSON.parse(textIn(at))
    const claims = { region: 'eu', seq: Number.MAX_SAFE_INTEGER, keys: [] }
    set.prov.regions.eu.payload = Buffer.from(JSON.stringify(claims)).toString('base64')
    writeFileSync(inFolder(at, regionName('eu')), '{')
    writeFileSync(inFolder(at, PUBLIC), JSON.stringify(set))
    expect(jsonOf(await publishHere(at, 'eu')).error).toMatchObject({ code: 'keyset_refused' })
  })

  test('what was revoked stays revoked, whatever the source of the keys says later', async () => {
    const at = regionPlace()
    const [{ jwk }, other] = [await ownKey(), await ownKey()]
    const publish = async (keys: readonly KeyToPublish[]): Promise<Said> => {
      const { revoked, ...rest } = regionStatement(keys, { region: 'eu', seq: 1, now: 0, lifeMs: 1 })
      const from = join(scratch(), 'from.json')
      writeFileSync(from, JSON.stringify({ keys: rest.keys, prov: { v: 1, regions: {}, keys: rest.windows, revoked } }))
      const args = ['--region', 'eu', '--to', at.at, '--publisher-key', PRIVATE_KEY, '--from', from, '--json']
      return provHere(['keys', 'publish', ...args], { env: { COSIGN_PASSWORD: PASSWORD } })
    }
    const revoked = (since: string): KeyToPublish => ({ jwk, status: 'revoked', revoked: { since, reason: 'stolen' } })
    const said = (): { readonly keys: readonly object[]; readonly revoked: Readonly<Record<string, object>> } =>
      JSON.parse(Buffer.from(JSON.parse(textIn(at, regionName('eu'))).payload, 'base64').toString())
    expect(await publish([active(other), revoked('2026-02-01T00:00:00Z')])).toMatchObject({ code: 0 })
    expect(jsonOf(await publish([active(other), { jwk, status: 'old' }])).error).toMatchObject({
      code: 'keyset_refused',
      message: expect.stringContaining('would count again'),
    })
    expect(await publish([active(other), revoked('2026-03-01T00:00:00Z')])).toMatchObject({ code: 3 })
    expect(await publish([active(other)])).toMatchObject({ code: 0 })
    expect(said()).toMatchObject({ keys: { length: 1 }, revoked: { [jwk.kid]: { since: '2026-02-01T00:00:00Z' } } })
    expect(await publish([active(other), revoked('2026-01-01T00:00:00Z')])).toMatchObject({ code: 0 })
    expect(said().revoked[jwk.kid]).toMatchObject({ since: '2026-01-01T00:00:00Z' })
  })

  test("says that the publisher's key should sign nothing else", async () => {
    const words = "the publisher's key is one of the region's keys"
    const own = await publishHere(regionPlace(), 'eu', [(await fixtureKey()).jwk])
    expect([own.code, own.stderr.replaceAll(/\s+/g, ' ')]).toEqual([0, expect.stringContaining(words)])
    expect((await publishHere(regionPlace(), 'eu', [(await ownKey()).jwk])).stderr).not.toContain(words)
  })

  test('refuses a private key before anything is written, and no object holds one', async () => {
    const at = regionPlace()
    const { privateKey, jwk } = await ownKey()
    const secret = privateKey.export({ format: 'jwk' })
    const said = await publishHere(at, 'eu', [jwk, secret])
    expect(said.code).toBe(3)
    expect(said.stdout + said.stderr).not.toContain(secret.d)
    mkdirSync(at.folder, { recursive: true })
    expect(readdirSync(at.folder, { recursive: true }).filter((name) => String(name).startsWith('jwks'))).toEqual([])
  })

  test('takes the keys of another issuer over https, called by their thumbprints', async () => {
    const site = await keySite()
    const { jwk } = await ownKey()
    site.serve({ '/keys': JSON.stringify({ keys: [{ ...jwk, kid: 'dex', use: 'sig', alg: 'EdDSA' }] }) })
    const at = regionPlace()
    const publish = (from: string) =>
      provHere(
        ['keys', 'publish', '--region', 'eu', '--to', at.at, '--publisher-key', PRIVATE_KEY, '--from', from, '--json'],
        {
          env: { COSIGN_PASSWORD: PASSWORD, ...site.env },
        },
      )
    expect(jsonOf(await publish(`${site.base}keys`))).toMatchObject({
      keys: 1,
      renamed: [{ from: 'dex', kid: jwk.kid }],
    })
    site.serve({ '/keys': '{"keys":[]}' })
    expect(await publish(`${site.base}keys`)).toMatchObject({ code: 3 })
    site.serve({})
    expect(await publish(`${site.base}keys`)).toMatchObject({ code: 6 })
    site.answer((_, response) => response.writeHead(200).end(Buffer.alloc(50 * 1024 * 1024, ' ')))
    expect(await publish(`${site.base}keys`)).toMatchObject({ code: 6 })
    expect(await publish('http://127.0.0.1:1/keys')).toMatchObject({ code: 2 })
  })

  test.each([['../eu'], ['e/u'], ['EU'], ['']])('a region is not called %j', async (region) => {
    expect(await publishHere(regionPlace(), region)).toMatchObject({ code: 2 })
  })

  test.each(['http://a/b', 'gs://', 's3://b/../c', 'file:', 'jwks'])('%s is not a place', async (to) => {
    expect(await publishHere({ ...regionPlace(), at: to }, 'eu')).toMatchObject({ code: 2 })
  })
})

describe('status', () => {
  test('one dead region is found however busy the other is', async () => {
    const at = await merged()
    await publishedAgo(at, 'eu', 2)
    for (let n = 0; n < 3; n++) {
      await publishHere(at, 'us')
      await mergeHere(at)
    }
    const said = await statusHere(at)
    expect(said.code).toBe(5)
    const [eu, us] = jsonOf(said).regions
    expect(eu.errors).toEqual([
      expect.objectContaining({ code: 'keys_stale', message: expect.stringContaining('region eu') }),
    ])
    expect(us.errors).toBeUndefined()
    expect(await statusHere(at, '--max-age', '3h')).toMatchObject({ code: 0 })
  })

  test('a merge that has stopped is found as well', async () => {
    const at = regionPlace()
    await publishedAgo(at, 'eu', 2)
    await publishedAgo(at, 'us', 2)
    await mergeHere(at)
    await publishHere(at, 'eu')
    await publishHere(at, 'us')
    const said = await statusHere(at)
    expect(said.code).toBe(5)
    expect(JSON.stringify(jsonOf(said).regions[0].errors)).toContain('the public set has file 1 of region eu')
  })

  test('a URL that serves an old set, or cannot be read, is named', async () => {
    const at = await merged()
    const site = await keySite()
    site.serve({ '/keys.json': textIn(at) }, { 'cache-control': 'max-age=60' })
    const ask = (...more: readonly string[]) =>
      provHere(
        ['keys', 'status', '--at', at.at, '--regions', at.regions, '--url', `${site.base}keys.json`, '--json', ...more],
        { env: site.env },
      )
    expect(jsonOf(await ask('--max-age', '1h')).urls).toEqual([
      { url: `${site.base}keys.json`, keys: 2, maxAgeMs: 60_000, seqs: { eu: 1, us: 1 } },
    ])
    site.serve({})
    expect(await ask('--max-age', '1h')).toMatchObject({ code: 6 })
  })

  test.each([
    [
      'cut in half',
      (at: RegionPlace) => writeFileSync(inFolder(at, regionName('eu')), textIn(at, regionName('eu')).slice(0, 300)),
    ],
    ['forged', (at: RegionPlace) => writeFileSync(inFolder(at, regionName('eu')), textIn(at, regionName('us')))],
  ])('a file that is %s is named, and its keys stay', async (_, spoil) => {
    const at = await merged()
    const before = textIn(at)
    spoil(at)
    expect(await mergeHere(at)).toMatchObject({ code: 3 })
    expect(textIn(at)).toBe(before)
    const said = await statusHere(at)
    expect(said.code).toBe(3)
    expect(jsonOf(said).regions[0]).toMatchObject({ region: 'eu', errors: [{ code: 'keyset_refused' }] })
  })
})

test('what people read fits a narrow terminal', async () => {
  const at = await merged()
  for (const args of [
    ['merge', '--at', at.at, '--regions', at.regions],
    ['status', '--at', at.at, '--regions', at.regions, '--max-age', '1h'],
  ]) {
    const { stdout } = await provHere(['keys', ...args], { columns: 60 })
    expect(stdout.split('\n').filter((line) => line.length > 60)).toEqual([])
    expect(stdout).not.toBe('')
  }
})

describe('merge --watch', () => {
  test('goes on until SIGTERM, and tells its metrics', async () => {
    const at = await merged()
    const port = await freePort()
    const child = spawn(
      process.execPath,
      [
        BIN,
        'keys',
        'merge',
        '--at',
        at.at,
        '--regions',
        at.regions,
        '--watch',
        '100ms',
        '--listen',
        `127.0.0.1:${port}`,
        '--json',
      ],
      { env: cleanEnv() },
    )
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk))
    const ended = new Promise((done) => child.on('close', done))
    onTestFinished(() => void child.kill('SIGKILL'))
    const until = async (isSo: () => boolean): Promise<void> => {
      while (!isSo()) {
        if (child.exitCode !== null) throw new Error(`the merge ended with ${child.exitCode}: ${out}`)
        await sleep(50)
      }
    }
    const lines = (): readonly { readonly outcome: string }[] =>
      out
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    await until(() => lines().length >= 2)
    await publishHere(at, 'us')
    await until(() => lines().some(({ outcome }) => outcome === 'written'))
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(metrics).toMatch(/prov_keys_age_seconds\{region="eu"\} \d/)
    expect(metrics).toMatch(/prov_keys_merge_total\{result="written"\} 1/)
    expect(metrics).toMatch(/prov_keys_merge_total\{result="unchanged"\} \d/)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  test('tells how old the file of each region is, and the youngest active key', async () => {
    const [{ url, open }, eu, us] = await Promise.all([KEY_PLACES.folder(), regionNamed('eu'), regionNamed('us')])
    const place = await open()
    const now = Date.now()
    const hoursAgo = (hours: number): string => new Date(now - hours * 3_600_000).toISOString()
    const since = async (hours: number): Promise<KeyToPublish> => ({ ...active(await ownKey()), from: hoursAgo(hours) })
    await publishFile(place, eu, 1, [await since(5), await since(30)], { now: now - 2 * 3_600_000, lifeMs: 86_400_000 })
    await publishFile(place, us, 1, [await since(9)])
    const regions = regionsFile(scratch(), [eu, us])
    const address = `127.0.0.1:${await freePort()}`
    const stop = new AbortController()
    const args = ['keys', 'merge', '--at', url, '--regions', regions, '--watch', '1h', '--listen', address, '--quiet']
    const merging = provHere(args, { signal: stop.signal })
    const asked = async (): Promise<string> =>
      fetch(`http://${address}/metrics`).then(
        (answer) => answer.text(),
        () => '',
      )
    while (!(await asked()).includes('result="written"} 1')) await sleep(50)
    const metrics = await asked()
    const hours = (name: string): number => metricIn(metrics, name) / 3600
    expect(hours('prov_keys_age_seconds{region="eu"}')).toBeCloseTo(2, 1)
    expect(hours('prov_keys_age_seconds{region="us"}')).toBeCloseTo(0, 1)
    expect(hours('prov_keys_active_seconds')).toBeCloseTo(5, 1)
    stop.abort()
    expect((await merging).code).toBe(0)
  })

  test('--listen wants --watch', async () => {
    const at = regionPlace()
    expect(await mergeHere(at, '--listen', '127.0.0.1:0')).toMatchObject({ code: 2 })
  })
})

/** The same by the command line on a store: publish, merge, damage, status; and nothing private in any object. */
async function onStore({ url, set, env, open }: KeyPlaces): Promise<void> {
  const { regions, folder } = regionPlace()
  const sets = Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const keys = (...args: readonly string[]) =>
    provHere(['keys', ...args, ...sets, '--json'], { env: { ...env, COSIGN_PASSWORD: PASSWORD } })
  const from = join(folder, 'own.json')
  writeFileSync(from, JSON.stringify({ keys: [(await fixtureKey()).jwk] }))
  for (const region of ['eu', 'us']) {
    expect(
      await keys('publish', '--region', region, '--to', url, '--publisher-key', PRIVATE_KEY, '--from', from),
    ).toMatchObject({ code: 0 })
  }
  const merge = () => keys('merge', '--at', url, '--regions', regions)
  expect(await merge()).toMatchObject({ code: 0 })
  expect(jsonOf(await merge())).toMatchObject({ outcome: 'unchanged', keys: 1 })
  const place = await open()
  const before = await readText(place, PUBLIC)
  await overwrite(place.objects, regionName('eu'), randomBytes(100))
  expect(await merge()).toMatchObject({ code: 3 })
  expect(await readText(place, PUBLIC)).toBe(before)
  expect(await keys('status', '--at', url, '--regions', regions, '--max-age', '1h')).toMatchObject({ code: 3 })
  for await (const { name } of place.objects.list('', { signal: new AbortController().signal })) {
    expect((await readText(place, name)) ?? '').not.toMatch(/"(?:d|p|q|dp|dq|qi|oth|k)":/)
  }
  place.objects.close()
}

async function servedFile(place: KeyPlace): Promise<void> {
  const eu = await regionNamed('eu')
  await publishFile(place, eu, 1, [active(await ownKey())])
  await mergeOnce(place, [eu])
}

describeWith(['fake-gcs'], 'at fake-gcs-server', () => {
  test('regions are published, merged and watched over', async () => onStore(await KEY_PLACES['fake-gcs']()))

  test('the public set is served as JSON that caches keep for a minute', async () => {
    const { url, set, open } = await KEY_PLACES['fake-gcs']()
    await servedFile(await open())
    const [, bucket, prefix] = /^gs:\/\/([^/]+)\/(.+)$/.exec(url) ?? []
    const object = `${set['storage.gcs.endpoint']}/storage/v1/b/${bucket}/o/${encodeURIComponent(`${prefix}/${PUBLIC}`)}`
    expect(await (await fetch(object)).json()).toMatchObject({
      contentType: 'application/json',
      cacheControl: 'public, max-age=60',
    })
  })
})

describeWith(['versitygw'], 'in versitygw', () => {
  test('regions are published, merged and watched over', async () => onStore(await KEY_PLACES.versitygw()))

  test('the public set is served as JSON that caches keep for a minute', async () => {
    const { url, set, env, open } = await KEY_PLACES.versitygw()
    await servedFile(await open())
    const [, Bucket, prefix] = /^s3:\/\/([^/]+)\/(.+)$/.exec(url) ?? []
    const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = env
    const client = new S3Client({
      endpoint: set['storage.s3.endpoint'] ?? '',
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    })
    expect(await client.send(new HeadObjectCommand({ Bucket, Key: `${prefix}/${PUBLIC}` }))).toMatchObject({
      ContentType: 'application/json',
      CacheControl: 'public, max-age=60',
    })
  })
})

test('a store that is not there is an exit of 6', async () => {
  const { regions } = regionPlace()
  const gone = [
    '--at',
    `gs://nobody/${scratch().slice(-6).toLowerCase()}`,
    '--set',
    'storage.gcs.endpoint=http://127.0.0.1:1',
  ]
  expect(await provHere(['keys', 'merge', ...gone, '--regions', regions])).toMatchObject({ code: 6 })
  expect(await provHere(['keys', 'status', ...gone, '--max-age', '1h'])).toMatchObject({ code: 6 })
})
