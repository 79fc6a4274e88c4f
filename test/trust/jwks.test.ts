/** Key sets as trust: `verify --key https://…/keys.json`, on the word of the publishers of regions or of its server alone. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ARCHIVE, PUBLIC } from '../../src/keysets/place.ts'
import type { KeyToPublish } from '../../src/keysets/publication.ts'
import type { RegionHead } from '../../src/keysets/region.ts'
import { provHere, type Said } from '../support/in-process.ts'
import { fixtureKey, type KeySite, keySite } from '../support/key-site.ts'
import { memoryObjects, shared } from '../support/memory-objects.ts'
import {
  active,
  mergeOnce,
  ownKey,
  publishFile,
  type Region,
  readText,
  regionNamed,
  regionsFile,
  retired,
} from '../support/regions.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

interface Scene {
  readonly site: KeySite
  readonly url: string
  /** Path of the file that names the publishers. */
  readonly regions: string
  /** The same, of somebody else with the same region. */
  readonly others: string
  readonly eu: Region
  publish(seq: number, keys: readonly KeyToPublish[], maxKeys?: number, head?: Partial<RegionHead>): Promise<void>
  verify(...args: readonly string[]): Promise<Said>
}

/** A stored run, and a site that serves the merged set of one region. */
async function scene(): Promise<Scene> {
  const [site, eu, other] = [await keySite(), await regionNamed('eu'), await regionNamed('eu')]
  const file = runFixture('buildpacks-taskrun.yaml')
  const folder = scratch()
  const storage = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${folder}/prov.db`]
  const stored = await provHere(['store', ...storage, '--key', PRIVATE_KEY, file], {
    env: { COSIGN_PASSWORD: PASSWORD },
  })
  expect(stored.code).toBe(0)
  const place = { root: 'mem:/', objects: memoryObjects(shared()) }
  return {
    site,
    url: `${site.base}keys.json`,
    regions: regionsFile(folder, [eu]),
    others: regionsFile(scratch(), [other]),
    eu,
    async publish(seq, keys, maxKeys = 100, head = {}) {
      await publishFile(place, eu, seq, keys, head)
      await mergeOnce(place, [eu], { maxKeys })
      const archive = await readText(place, ARCHIVE)
      site.serve({
        '/keys.json': (await readText(place, PUBLIC)) ?? '',
        ...(archive === undefined ? {} : { '/keys-archive.json': archive }),
      })
    },
    verify: (...args) => provHere(['verify', ...storage, ...args, file], { env: site.env }),
  }
}

const errorOf = ({ stdout }: Said) => JSON.parse(stdout).error

describe('on the word of its server', () => {
  test('a key set verifies, and text, JSON, page and the hash of the trust say whose word it is', async () => {
    const { publish, verify, url } = await scene()
    await publish(1, [await fixtureKey()])
    const page = join(scratch(), 'page.html')
    const { code, stdout } = await verify('--key', url, '--report', page)
    expect(code).toBe(0)
    const words = `keys of ${url} taken on the word of its server`
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(words)
    expect(readFileSync(page, 'utf8')).toContain(words)
    const told = JSON.parse((await verify('--key', url, '--json')).stdout)
    expect(told.trust.keySets).toEqual([{ source: url, word: 'server' }])
    expect(told.trust.hash).not.toBe(JSON.parse((await verify('--key', PUBLIC_KEY, '--json')).stdout).trust.hash)
  })

  test('the same set in a file does not rest on the word of a server', async () => {
    const { publish, verify, url } = await scene()
    await publish(1, [await fixtureKey()])
    const file = join(scratch(), 'keys.json')
    const { trust } = JSON.parse((await verify('--key', url, '--json')).stdout)
    writeFileSync(
      file,
      JSON.stringify({ keys: [(await fixtureKey()).jwk], prov: { v: 1, keys: {}, revoked: {}, regions: {} } }),
    )
    const { code, stdout } = await verify('--key', file, '--json')
    expect(code).toBe(0)
    const other = JSON.parse(stdout).trust
    expect(other.keySets).toBeUndefined()
    expect(other.hash).not.toBe(trust.hash)
    expect(other.hash).toBe(JSON.parse((await verify('--key', PUBLIC_KEY, '--json')).stdout).trust.hash)
  })

  test('no summary is made for others', async () => {
    const { publish, verify, url, regions } = await scene()
    await publish(1, [await fixtureKey()])
    const out = join(scratch(), 'vsa.json')
    const vsa = (...more: readonly string[]) =>
      verify('--key', url, '--output', `vsa=${out}`, '--set', 'verifier.id=https://example.com/verifier', ...more)
    const { code, stderr } = await vsa()
    expect({ code, made: existsSync(out) }).toEqual({ code: 2, made: false })
    expect(stderr).toContain('taken on the word of its server')
    expect((await vsa('--key-publisher', regions)).code).toBe(0)
    expect(existsSync(out)).toBe(true)
  })

  test('a set of another issuer verifies under whatever kids it has', async () => {
    const { verify, url, site } = await scene()
    site.serve({ '/keys.json': JSON.stringify({ keys: [{ ...(await fixtureKey()).jwk, kid: 'dex-1', use: 'sig' }] }) })
    expect((await verify('--key', url)).code).toBe(0)
  })

  test('a private key in it is refused', async () => {
    const { verify, url, site } = await scene()
    site.serve({ '/keys.json': JSON.stringify({ keys: [{ ...(await fixtureKey()).jwk, d: 'AAAA' }] }) })
    const { code, stdout } = await verify('--key', url, '--json')
    expect({ code, error: errorOf({ code, stdout, stderr: '' }).code }).toEqual({ code: 3, error: 'keyset_refused' })
  })

  type Answer = readonly [string, (site: KeySite) => void, string, RegExp]
  test.each<Answer>([
    [
      'a page',
      (site) => site.serve({ '/keys.json': '<!doctype html><title>Keys</title>' }),
      'response_invalid',
      /not JSON/,
    ],
    ['nothing', (site) => site.serve({}), 'response_invalid', /answered 404/],
    ['no', (site) => site.answer((_, response) => response.writeHead(403).end()), 'denied', /answered 403/],
    [
      'a redirect to http',
      (site) =>
        site.answer((_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/keys.json' }).end()),
      'response_invalid',
      /from https to http/,
    ],
    [
      '50 MB',
      (site) => site.answer((_, response) => response.writeHead(200).end(Buffer.alloc(50 * 1024 * 1024, ' '))),
      'response_too_large',
      /bytes/,
    ],
    [
      'half an answer',
      (site) =>
        site.answer(({ socket }, response) => {
          response.writeHead(200, { 'content-length': '1000' }).write('{"keys":[')
          setTimeout(() => socket.destroy(), 20)
        }),
      'unreachable',
      /./,
    ],
  ])('a server that answers %s is an exit of 6, never a set without keys', async (_, spoil, code, message) => {
    const { verify, url, site } = await scene()
    spoil(site)
    const said = await verify('--key', url, '--json')
    expect(said.code).toBe(6)
    expect(errorOf(said)).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('nobody there is an exit of 6 as well', async () => {
    const { verify } = await scene()
    expect((await verify('--key', 'https://127.0.0.1:1/keys.json')).code).toBe(6)
  })

  test.each([
    'http://127.0.0.1:1/keys.json',
    'HTTP://localhost/keys.json',
    'https://user:secret@127.0.0.1:1/keys.json',
  ])('%s is not asked', async (url) => {
    const { verify } = await scene()
    const { code, stdout, stderr } = await verify('--key', url, '--json')
    expect(code).toBe(2)
    expect(stdout + stderr).not.toContain('secret')
  })
})

describe('on the word of the publishers', () => {
  test('the keys of regions that their publishers signed verify', async () => {
    const { publish, verify, url, regions } = await scene()
    await publish(1, [await fixtureKey(), active(await ownKey())])
    const { code, stdout } = await verify('--key', url, '--key-publisher', regions, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).trust.keySets).toEqual([{ source: url, word: 'publishers' }])
  })

  test('a file that another publisher signed is refused', async () => {
    const { publish, verify, url, others } = await scene()
    await publish(1, [await fixtureKey()])
    const said = await verify('--key', url, '--key-publisher', others, '--json')
    expect(said.code).toBe(3)
    expect(errorOf(said)).toMatchObject({
      code: 'keyset_refused',
      message: expect.stringContaining('not signed by the publisher of eu'),
    })
  })

  test('a key that a server has put beside them is refused', async () => {
    const { publish, verify, url, regions, site } = await scene()
    await publish(1, [active(await ownKey())])
    const body = await (await fetchWith(site, url)).json()
    const set = body as { readonly keys: readonly object[] }
    site.serve({ '/keys.json': JSON.stringify({ ...set, keys: [...set.keys, (await fixtureKey()).jwk] }) })
    const said = await verify('--key', url, '--key-publisher', regions, '--json')
    expect(errorOf(said)).toMatchObject({
      code: 'keyset_refused',
      message: expect.stringContaining("stands in no region's file"),
    })
    expect((await verify('--key', url, '--json')).code).toBe(0)
  })

  test('an older file than was seen before is refused, and so is a set without the region', async () => {
    const { publish, verify, url, regions, site } = await scene()
    const asked = () => verify('--key', url, '--key-publisher', regions, '--json')
    await publish(4, [await fixtureKey()])
    const old = await (await fetchWith(site, url)).text()
    await publish(5, [await fixtureKey()])
    expect((await asked()).code).toBe(0)
    site.serve({ '/keys.json': old })
    const said = await asked()
    expect(errorOf(said)).toMatchObject({
      code: 'keyset_refused',
      message: expect.stringContaining('holds file 4 of region eu, and file 5 was seen before'),
    })
    site.serve({ '/keys.json': JSON.stringify({ keys: [], prov: { v: 1, regions: {}, keys: {}, revoked: {} } }) })
    expect(errorOf(await asked())).toMatchObject({ message: expect.stringContaining('holds no file of region eu') })
    await publish(6, [await fixtureKey()])
    expect((await asked()).code).toBe(0)
    // What is remembered may be lost: then the next set is the first one.
    expect(readdirSync(join(site.env['XDG_CACHE_HOME'] ?? '', 'prov', 'key-sets'))).toHaveLength(1)
  })

  test('one region more among the publishers, or another spelling of the URL, forgets nothing', async () => {
    const { publish, verify, url, regions, site, eu } = await scene()
    await publish(4, [await fixtureKey()])
    const old = await (await fetchWith(site, url)).text()
    await publish(5, [await fixtureKey()])
    expect((await verify('--key', url, '--key-publisher', regions)).code).toBe(0)
    site.serve({ '/keys.json': old })
    const more = regionsFile(scratch(), [eu, await regionNamed('us')])
    expect((await verify('--key', url, '--key-publisher', more)).code).toBe(3)
    expect((await verify('--key', url.replace('https', 'HTTPS'), '--key-publisher', regions)).code).toBe(3)
  })

  test('a file past its time counts, and is warned of: somebody may hold back a revocation', async () => {
    const { publish, verify, url, regions } = await scene()
    await publish(1, [await fixtureKey()], 100, { now: Date.now() - 7_200_000 })
    const { code, stderr } = await verify('--key', url, '--key-publisher', regions)
    expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([
      0,
      expect.stringMatching(/region eu in .* expired at .*revoked since/),
    ])
  })

  test('an older set than before is read once more, past caches', async () => {
    const { publish, verify, url, regions, site } = await scene()
    const asked = () => verify('--key', url, '--key-publisher', regions, '--json')
    await publish(4, [await fixtureKey()])
    const old = await (await fetchWith(site, url)).text()
    await publish(5, [await fixtureKey()])
    const fresh = await (await fetchWith(site, url)).text()
    expect((await asked()).code).toBe(0)
    const before = site.seen.length
    site.answer(({ headers }, response) => response.end(headers['cache-control'] === 'no-cache' ? fresh : old))
    expect((await asked()).code).toBe(0)
    expect(site.seen.length - before).toBe(2)
  })

  test('a folder that cannot be written costs a warning, nothing more', async () => {
    const { publish, verify, url, regions, site } = await scene()
    await publish(1, [await fixtureKey()])
    writeFileSync(join(site.env['XDG_CACHE_HOME'] ?? '', 'prov'), 'a file')
    const { code, stderr } = await verify('--key', url, '--key-publisher', regions)
    expect(code).toBe(0)
    expect(stderr).toContain('could not be kept')
  })

  test('--key-publisher without a URL is a mistake', async () => {
    const { verify, regions } = await scene()
    expect((await verify('--key', PUBLIC_KEY, '--key-publisher', regions)).code).toBe(2)
  })

  test.each([
    ['two regions of one name', [{ name: 'eu' }, { name: 'eu' }], /names the region eu twice/],
    ['a name with a slash', [{ name: 'e/u' }], /has no name made of/],
    ['a name with ..', [{ name: '..' }], /has no name made of/],
    ['no region', [], /names no region/],
  ])('a file of publishers with %s is refused', async (_, named, message) => {
    const { publish, verify, url, eu } = await scene()
    await publish(1, [await fixtureKey()])
    const pem = String(eu.signer.publicKey.export({ type: 'spki', format: 'pem' }))
    const path = join(scratch(), 'regions.json')
    writeFileSync(path, JSON.stringify({ v: 1, regions: named.map((one) => ({ ...one, pem })) }))
    const said = await verify('--key', url, '--key-publisher', path, '--json')
    expect(said.code).toBe(2)
    expect(errorOf(said)).toMatchObject({ code: 'trust_unreadable', message: expect.stringMatching(message) })
  })
})

describe.each([
  ['a server', false],
  ['publishers', true],
] as const)('on the word of %s', (_, isSigned) => {
  const asked = ({ verify, url, regions }: Scene, ...more: readonly string[]) =>
    verify('--key', url, ...(isSigned ? ['--key-publisher', regions] : []), ...more)

  test('a retired key verifies what it signed in its time, also from the archive', async () => {
    const at = await scene()
    const others = await Promise.all(Array.from({ length: 4 }, ownKey))
    await at.publish(
      1,
      [
        { ...retired(await ownKey(), 1), ...(await fixtureKey()), status: 'retired', until: '2026-01-01T00:00:01Z' },
        ...others.map((key, day) => retired(key, day + 2)),
        active(await ownKey()),
      ],
      3,
    )
    expect(JSON.parse(await (await fetchWith(at.site, `${at.site.base}keys-archive.json`)).text()).keys).toHaveLength(3)
    expect((await asked(at)).code).toBe(0)
  })

  test('a revoked key has a code of its own', async () => {
    const at = await scene()
    const revoked = { since: '2026-02-01T00:00:00Z', reason: 'the disk was stolen' }
    await at.publish(1, [await fixtureKey({ status: 'revoked', revoked }), active(await ownKey())])
    const { code, stdout } = await asked(at, '--json')
    expect(code).toBe(3)
    const row = JSON.parse(stdout).artifacts[0].rows[0]
    expect(row).toMatchObject({
      mark: '#',
      error: { code: 'key_revoked', message: expect.stringContaining('the disk was stolen') },
    })
    // Whoever else names the key: it stays revoked.
    expect((await asked(at, '--key', PUBLIC_KEY)).code).toBe(3)
  })
})

test('an archive that a set names and that is not served is an exit of 6', async () => {
  const { publish, verify, url, site } = await scene()
  await publish(1, [retired(await ownKey(), 2), retired(await ownKey(), 3), await fixtureKey()], 2)
  const set = await (await fetchWith(site, url)).text()
  site.serve({ '/keys.json': set })
  const said = await verify('--key', url, '--json')
  expect(said.code).toBe(6)
  expect(errorOf(said).message).toContain('keys-archive.json')
})

/** Past prov: what the site serves. */
async function fetchWith({ env }: KeySite, url: string): Promise<Response> {
  const { fetchDocument } = await import('../../src/platform/http/document.ts')
  const context = { env, now: Date.now, random: (size: number) => new Uint8Array(size), debug: () => {} }
  const answer = await fetchDocument(url, context, { maxBytes: 1e8, signal: new AbortController().signal })
  return new Response(Buffer.from(answer?.body ?? ''))
}

test('every way of printing says it, and other commands do', async () => {
  const { publish, verify, url, site, regions } = await scene()
  await publish(1, [await fixtureKey()])
  const words = 'taken on the word of its server'
  for (const more of [[], ['--show', 'all'], ['--wide']]) {
    const { stdout, stderr } = await verify('--key', url, ...more)
    expect(stdout + stderr).toContain(words)
  }
  const doctor = (...more: readonly string[]) =>
    provHere(['doctor', '--key', url, '--json', ...more], { env: site.env })
  expect(JSON.parse((await doctor()).stdout).keys[0]).toMatchObject({
    outcome: 'ok',
    ids: [{ algorithm: 'ECDSA P-256' }],
  })
  expect((await doctor('--key-publisher', regions)).code).toBe(0)
  site.serve({})
  expect((await doctor()).code).not.toBe(0)
})
