/**
 * A key's whole life by the command line: journal, region, merge, URL, signature, retirement, revocation; and what verifies by the URL. 5 rotations
 * after the first key in CI; PROV_TEST_ROTATIONS=120 for as many as the design asks for.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { provHere, type Said } from '../support/in-process.ts'
import { type KeySite, keySite } from '../support/key-site.ts'
import { ownKey } from '../support/regions.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const ROTATIONS = Number(process.env['PROV_TEST_ROTATIONS'] ?? 5)

interface Life {
  readonly site: KeySite
  readonly url: string
  readonly folder: string
  /** Runs prov with everything of this life set. */
  prov(...args: readonly string[]): Promise<Said>
  /** The journal's key that signs now. */
  active(): Promise<string | undefined>
  /** Waits until every key that no longer signs is retired. */
  settle(): Promise<void>
  /** The next key: made, published, merged, seen at the URL, active. */
  rotate(): Promise<void>
}

async function life(more: Readonly<Record<string, string>> = {}): Promise<Life> {
  const site = await keySite()
  const folder = scratch()
  const url = `${site.base}keys.json`
  const regions = join(folder, 'regions.yaml')
  writeFileSync(regions, `v: 1\nregions:\n  - name: eu\n    file: ${PUBLIC_KEY}\n`)
  site.answer(({ url: path = '' }, response) => {
    const file = join(folder, 'jwks/public', path.slice(1))
    if (!existsSync(file)) response.writeHead(404).end()
    else response.writeHead(200, { 'cache-control': 'no-store' }).end(readFileSync(file))
  })
  const set = {
    'truth.url': `sqlite:${folder}/truth.db`,
    'keys.store': `folder:${folder}`,
    'keys.region': 'eu',
    'keys.publish-to': `file:${folder}/jwks`,
    'keys.publisher-key': PRIVATE_KEY,
    'keys.public-urls': url,
    'keys.min-propagation': '0s',
    'keys.skew': '1ms',
    ...more,
  }
  const config = join(folder, 'prov.yaml')
  writeFileSync(
    config,
    Object.entries(set)
      .map(([key, value]) => `${key}: ${value}\n`)
      .join(''),
  )
  const env = { ...site.env, COSIGN_PASSWORD: PASSWORD, PROV_CONFIG: config }
  const prov = (...args: readonly string[]) => provHere(args, { env })
  const merge = async (): Promise<void> => {
    expect(await prov('keys', 'merge', '--at', set['keys.publish-to'], '--regions', regions)).toMatchObject({ code: 0 })
  }
  expect(await prov('truth', 'init')).toMatchObject({ code: 0 })
  expect(await prov('keys', 'init')).toMatchObject({ code: 0 })
  const keys = async (): Promise<readonly { readonly kid: string; readonly status: string }[]> =>
    JSON.parse((await prov('keys', 'journal', '--json')).stdout).keys
  const active = async (): Promise<string | undefined> => (await keys()).find(({ status }) => status === 'active')?.kid
  return {
    site,
    url,
    folder,
    prov,
    active,
    async settle() {
      while ((await keys()).some(({ status }) => status === 'old')) {
        await sleep(100)
        await prov('keys', 'rotate')
      }
    },
    async rotate() {
      const before = await active()
      await prov('keys', 'rotate', '--step', 'prepare')
      await merge()
      while ((await active()) === before) {
        await prov('keys', 'rotate', '--step', 'activate')
        await sleep(20)
      }
      expect(await prov('keys', 'publish')).toMatchObject({ code: 0 })
      await merge()
    },
  }
}

test(
  'a new key signs only once its URL shows it; what it signed verifies by the URL, retired and archived; revoked it has a code of its own',
  async () => {
    const at = await life({ 'keys.validity': '1s', 'keys.max-keys': '3' })
    const { prov, url, folder } = at
    await prov('keys', 'rotate', '--step', 'prepare')
    // Published, and merged by nobody yet.
    expect(await prov('keys', 'rotate', '--step', 'activate')).toMatchObject({ code: 5 })
    expect(await at.active()).toBeUndefined()
    await at.rotate()
    const first = (await at.active()) ?? ''
    const file = runFixture('buildpacks-taskrun.yaml')
    const storage = ['--storage', 'gcs', '--set', `storage.gcs.directory=${dirname(file)}/gcs`]
    expect(await prov('store', ...storage, '--key', 'journal:', file)).toMatchObject({ code: 0 })
    expect(await prov('worker', '--once', ...storage, '--key', url)).toMatchObject({ code: 0 })
    const verify = (...more: readonly string[]) =>
      prov('verify', ...storage, '--key', url, '--key-publisher', join(folder, 'regions.yaml'), '--json', ...more, file)
    expect(await verify()).toMatchObject({ code: 0 })
    for (let n = 1; n < ROTATIONS; n++) {
      await at.rotate()
      await at.settle()
    }
    await at.rotate()
    expect(await prov('keys', 'prune')).toMatchObject({ code: 0 })
    const publicSet = JSON.parse(readFileSync(join(folder, 'jwks/public/keys.json'), 'utf8'))
    const archive = JSON.parse(readFileSync(join(folder, 'jwks/public/keys-archive.json'), 'utf8'))
    expect(publicSet.keys).toHaveLength(3)
    expect(archive.keys.map(({ kid }: { kid: string }) => kid)).toContain(first)
    expect(await verify()).toMatchObject({ code: 0 })
    expect(await prov('verify', ...storage, '--key', url, file)).toMatchObject({ code: 0 })

    expect(await prov('keys', 'revoke', first, '--reason', 'stolen', '--since', '2026-01-01')).toMatchObject({
      code: 0,
    })
    expect(
      await prov('keys', 'merge', '--at', `file:${folder}/jwks`, '--regions', join(folder, 'regions.yaml')),
    ).toMatchObject({ code: 0 })
    const refused = await verify()
    expect(refused.code).toBe(3)
    expect(JSON.parse(refused.stdout).artifacts[0].rows[0].error.code).toBe('key_revoked')
  },
  120_000 + ROTATIONS * 10_000,
)

test('a URL that shows the key no more keeps the next one from signing', async () => {
  const at = await life()
  await at.rotate()
  const { jwk } = await ownKey()
  at.site.serve({ '/keys.json': JSON.stringify({ keys: [jwk] }) })
  await at.prov('keys', 'rotate', '--step', 'prepare')
  const said = await at.prov('keys', 'rotate', '--step', 'activate', '--json')
  expect(said.code).toBe(5)
  expect(said.stdout).toContain(at.url)
})
