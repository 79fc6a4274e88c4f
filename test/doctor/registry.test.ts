import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CHECKS } from '../../src/backend/diagnosis.ts'
import { parseImage } from '../../src/model/image-reference.ts'
import { describeWith, registry, server } from '../servers/endpoints.ts'
import { reply, serve } from '../support/fake-registry.ts'
import { type Rule, startProxy } from '../support/proxy.ts'
import { freshName, seedImage, tagsOf } from '../support/registry.ts'
import { scratch } from '../support/scratch.ts'
import { detailOf, lookAt, outcomes } from './look.ts'

/** A proxy before a repository that has one image, and what it has seen. */
async function before(endpoint: string, rule?: Rule) {
  const name = freshName('doctor')
  const image = await seedImage(endpoint, name)
  const proxy = await startProxy(endpoint, rule)
  onTestFinished(() => proxy.close())
  const repository = `${proxy.endpoint}/${name}`
  const artifacts = [{ type: 'image', image: parseImage(`${repository}@${image.split('@')[1]}`) }] as const
  return { endpoint, name, image, proxy, repository, artifacts }
}

type Before = Awaited<ReturnType<typeof before>>

/**
 * Everything that was ever put there or looked for, asked for again: tags, manifests (by digest too, under which one goes on without its
 * tag) and blobs.
 */
async function left({ endpoint, name, image, proxy }: Before): Promise<readonly string[]> {
  const all = proxy.seen.map(({ method, path }) => ({ method, url: new URL(path, 'http://x') }))
  const own = `/v2/${name}/manifests/${image.split('@')[1]}`
  const manifests = all.map(({ url }) => url.pathname).filter((path) => path.includes('/manifests/') && path !== own)
  const blobs = all.flatMap(({ method, url }) => (method === 'PUT' ? (url.searchParams.get('digest') ?? []) : []))
  const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json'
  const paths = [...new Set([...manifests, ...blobs.map((digest) => `/v2/${name}/blobs/${digest}`)])]
  const found = await Promise.all(
    paths.map(async (path) => {
      const { status } = await fetch(`http://${endpoint}${path}`, { method: 'HEAD', headers: { accept } })
      return status === 200 ? [path] : []
    }),
  )
  const tags = (await tagsOf(endpoint, name)).filter((tag) => tag !== 'v1')
  expect(blobs.length, 'nothing was put').toBeGreaterThan(0)
  // The config of every bundle is one and the same blob, which others may use by now.
  const shared = /sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a/
  return [...tags, ...found.flat().filter((path) => !shared.test(path))]
}

for (const name of ['distribution', 'cue-oci'] as const) {
  const api = name === 'cue-oci'

  describeWith([name], `doctor at ${name}`, () => {
    test('a repository of its own: everything is tried, and neither tag, manifest nor blob is left', async () => {
      const there = await before(registry(name))
      const report = await lookAt('oci', { settings: { 'storage.oci.repository': there.repository } })
      expect(outcomes(report)).toEqual([
        ...['reach ok', 'authenticate ok', 'clock ok', 'read ok', 'write ok', 'read-back ok', 'repeat ok', 'list ok'],
        ...['replace ok', 'conditional-write degraded', 'delete ok', 'referrers ok', 'tag-writes degraded'],
        ...['limits ok', 'clean-up ok'],
      ])
      expect(report).toMatchObject({ outcome: 'degraded', exit: 0 })
      expect(detailOf(report, 'referrers')).toMatch(api ? /has the referrers API/ : /no referrers API/)
      expect(detailOf(report, 'tag-writes')).toContain('markers loses none')
      expect(await left(there)).toEqual([])
    })

    test('beside an image, in tags and as bundles, with markers', async () => {
      const there = await before(registry(name))
      const settings = { 'storage.oci.encoding-format': 'dsse,sigstore-bundle', 'storage.oci.tag-writes': 'markers' }
      const report = await lookAt('oci', { settings, artifacts: there.artifacts })
      expect(report).toMatchObject({ outcome: api ? 'ok' : 'degraded', exit: 0 })
      expect(report.checks.filter(({ check }) => check === 'write').map(({ outcome }) => outcome)).toEqual(['ok', 'ok'])
      expect(report.checks.find(({ check }) => check === 'referrers')?.outcome).toBe(api ? 'ok' : 'degraded')
      expect(await left(there)).toEqual([])
    })

    test('no deletion of tags: told, and the probe goes by its digest', async () => {
      const there = await before(registry(name), ({ method, path }) =>
        method === 'DELETE' && /\/manifests\/(?!sha256:)/.test(path) ? { status: 400 } : undefined,
      )
      const report = await lookAt('oci', { settings: { 'storage.oci.repository': there.repository } })
      expect(outcomes(report)).toEqual(expect.arrayContaining(['write ok', 'delete degraded']))
      expect(detailOf(report, 'delete')).toContain('an empty one stays')
      const tags = (await tagsOf(there.endpoint, there.name)).filter((tag) => tag !== 'v1')
      if (api) {
        // Here a tag does not go with its manifest, and that is said.
        expect(report).toMatchObject({ outcome: 'failed', exit: 7 })
        for (const tag of tags) expect(detailOf(report, 'clean-up')).toContain(`${tag} (an empty tag)`)
      } else {
        expect(report).toMatchObject({ outcome: 'degraded', exit: 0 })
        expect(await left(there)).toEqual([])
      }
    })

    test('--read-only sends nothing that could change anything', async () => {
      const there = await before(registry(name))
      const report = await lookAt('oci', { settings: { 'storage.oci.repository': there.repository }, readOnly: true })
      expect(report).toMatchObject({ exit: 0 })
      expect(outcomes(report)).toEqual(expect.arrayContaining(['read ok', 'list ok', 'write skipped']))
      expect(there.proxy.seen.filter(({ method }) => !['GET', 'HEAD'].includes(method))).toEqual([])
    })

    test('a repository that is not there is not made', async () => {
      const endpoint = registry(name)
      const repo = freshName('nowhere')
      const report = await lookAt('oci', { settings: { 'storage.oci.repository': `${endpoint}/${repo}` } })
      expect(report).toMatchObject({ outcome: 'degraded', exit: 0 })
      expect(outcomes(report)).toContain('write skipped')
      expect(detailOf(report, 'write')).toContain('not there yet, and a probe would make it')
      expect((await fetch(`http://${endpoint}/v2/${repo}/tags/list`)).status).toBe(404)
    })

    for (const [title, status, path] of [
      ['no deletion', 405, /\/manifests\//],
      ['no deletion for these credentials', 403, /\/manifests\//],
    ] as const) {
      test(`${title}: told before anything is written, and an upload is only begun`, async () => {
        const there = await before(registry(name), (seen) =>
          seen.method === 'DELETE' && path.test(seen.path) ? { status } : undefined,
        )
        const report = await lookAt('oci', { settings: { 'storage.oci.repository': there.repository } })
        expect(report).toMatchObject({ outcome: 'degraded', exit: 0 })
        expect(outcomes(report)).toEqual(expect.arrayContaining(['read ok', 'write degraded', 'delete degraded']))
        expect(detailOf(report, 'write')).toContain(
          api ? 'an upload was begun and left to expire' : 'an upload was begun and cancelled',
        )
        expect(there.proxy.seen.filter(({ method }) => method === 'PUT')).toEqual([])
        expect(there.proxy.seen.map(({ method }) => method)).toContain('POST')
        expect(await tagsOf(there.endpoint, there.name)).toEqual(['v1'])
      })
    }
  })
}

describeWith(['docker-registry'], 'doctor at distribution 2.8', () => {
  test('which deletes no tags: everything is tried all the same, and nothing is left', async () => {
    const there = await before(registry('docker-registry'))
    for (const mode of ['readback', 'markers']) {
      const settings = { 'storage.oci.repository': there.repository, 'storage.oci.tag-writes': mode }
      const report = await lookAt('oci', { settings })
      expect(report).toMatchObject({ outcome: 'degraded', exit: 0 })
      expect(outcomes(report)).toEqual(expect.arrayContaining(['write ok', 'delete degraded', 'clean-up ok']))
    }
    expect(await left(there)).toEqual([])
  })
})

describeWith(['distribution'], 'doctor and a registry in trouble', () => {
  const isManifestPut: Parameters<Rule>[0] extends infer S ? (seen: S) => boolean : never = ({ method, path }) =>
    method === 'PUT' && path.includes('/manifests/')

  test('writes are denied: exit 7, and nothing is left', async () => {
    const there = await before(registry('distribution'), ({ method }) =>
      method === 'PUT' || method === 'POST' ? { status: 403 } : undefined,
    )
    const bundles = { 'storage.oci.encoding-format': 'sigstore-bundle' }
    for (const look of [
      { settings: { 'storage.oci.repository': there.repository } },
      { settings: bundles, artifacts: there.artifacts },
    ]) {
      const report = await lookAt('oci', look)
      expect(report).toMatchObject({ outcome: 'failed', exit: 7 })
      expect(report.checks.find(({ check }) => check === 'write')?.error?.code).toBe('denied')
      expect(outcomes(report)).toContain('clean-up ok')
    }
    expect(await tagsOf(there.endpoint, there.name)).toEqual(['v1'])
  })

  test.each([1, 2, 3, 4, 5, 6])(
    'the connection breaks for good after write %i: what was made is taken away',
    async (n) => {
      let puts = 0
      const there = await before(registry('distribution'), (seen) => {
        if (seen.method === 'PUT') puts += 1
        return seen.method === 'PUT' && puts >= n ? { cut: 'after' } : undefined
      })
      const report = await lookAt('oci', { settings: { 'storage.oci.repository': there.repository } })
      expect(report).toMatchObject({ outcome: 'failed' })
      expect(outcomes(report)).toContain('clean-up ok')
      expect(await left(there)).toEqual([])
    },
  )

  test('what cannot be taken away is named, place by place, and is no success', async () => {
    let written = false
    const there = await before(registry('distribution'), (seen) => {
      written ||= isManifestPut(seen)
      return written && seen.method === 'DELETE' ? { status: 403 } : undefined
    })
    const report = await lookAt('oci', { settings: { 'storage.oci.repository': there.repository } })
    expect(report).toMatchObject({ outcome: 'failed', exit: 7 })
    const clean = report.checks.find(({ check }) => check === 'clean-up')
    expect(clean).toMatchObject({ outcome: 'failed', error: { code: 'incomplete' } })
    const [tag] = (await tagsOf(there.endpoint, there.name)).filter((one) => one !== 'v1')
    expect(tag).toMatch(/^sha256-[0-9a-f]{64}\.att$/)
    expect(clean?.detail).toContain(`${there.repository}:${tag}`)
  })

  test('Ctrl-C in the middle: it ends, and nothing is left', async () => {
    const stop = new AbortController()
    const there = await before(registry('distribution'), (seen) => {
      if (isManifestPut(seen)) stop.abort()
      return undefined
    })
    const settings = { 'storage.oci.repository': there.repository }
    const report = await lookAt('oci', { settings, signal: stop.signal })
    expect(report).toMatchObject({ outcome: 'failed', exit: 6 })
    expect(outcomes(report)).toContain('clean-up ok')
    expect(await left(there)).toEqual([])
  })
})

describeWith(['distribution-auth'], 'doctor and credentials', () => {
  async function look(password: string | undefined) {
    const vars = await server('distribution-auth')
    const host = vars['DISTRIBUTION_AUTH'] ?? ''
    const folder = join(scratch(), '.docker')
    mkdirSync(folder)
    const auth = Buffer.from(`${vars['DISTRIBUTION_AUTH_USER']}:${password ?? vars['DISTRIBUTION_AUTH_PASSWORD']}`)
    const config = { auths: { [host]: { auth: auth.toString('base64') } } }
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
    const settings = { 'storage.oci.repository': `${host}/${freshName('auth')}` }
    return lookAt('oci', { settings, env: { DOCKER_CONFIG: folder } })
  }

  test('a wrong password: reached, not authenticated, exit 6, and it is not repeated', async () => {
    const report = await look('pl4nted-wrong')
    expect(outcomes(report).slice(0, 2)).toEqual(['reach ok', 'authenticate failed'])
    expect(report).toMatchObject({ outcome: 'failed', exit: 6 })
    expect(report.checks.find(({ check }) => check === 'authenticate')?.error?.code).toBe('denied')
    expect(outcomes(report)).toEqual(expect.arrayContaining(['read skipped', 'write skipped']))
    expect(JSON.stringify(report)).not.toContain('pl4nted')
  })

  test('the right one', async () => {
    const report = await look(undefined)
    expect(outcomes(report).slice(0, 2)).toEqual(['reach ok', 'authenticate ok'])
    expect(report.exit).toBe(0)
  })
})

test('nobody there: exit 6, and why', async () => {
  const gone = await startProxy('127.0.0.1:9')
  await gone.close()
  const report = await lookAt('oci', { settings: { 'storage.oci.repository': `${gone.endpoint}/acme/app` } })
  expect(report).toMatchObject({ outcome: 'failed', exit: 6 })
  expect(report.checks[0]).toMatchObject({ check: 'reach', outcome: 'failed', error: { code: 'unreachable' } })
})

test('a clock that is wrong is degraded, with how much', async () => {
  const date = new Date(Date.now() + 3_600_000).toUTCString()
  const fake = await serve((_, response) => reply(response, 404, { date }, '{}'))
  const hello = await serve((request, response) =>
    reply(response, request.url === '/v2/' ? 200 : 404, { date }, JSON.stringify({ errors: [] })),
  )
  const report = await lookAt('oci', {
    settings: { 'storage.oci.repository': `${hello.host}/acme/app` },
    readOnly: true,
  })
  expect(report.checks.find(({ check }) => check === 'clock')).toMatchObject({ outcome: 'degraded' })
  expect(detailOf(report, 'clock')).toMatch(/^(3599|3600|3601) s ahead of/)
  expect(fake.seen).toEqual([])
})

test('a host that the configuration does not allow is not contacted: exit 2', async () => {
  const fake = await serve((_, response) => reply(response, 200))
  const artifacts = [{ type: 'image', image: parseImage(`${fake.host}/a/b@sha256:${'a'.repeat(64)}`) }] as const
  const report = await lookAt('oci', { settings: { 'storage.oci.hosts': 'ghcr.io' }, artifacts })
  expect(report).toMatchObject({ outcome: 'failed', exit: 2 })
  expect(outcomes(report)[0]).toBe('configuration failed')
  expect(fake.seen).toEqual([])
})

test('without an image or a repository nothing is tried, and it is said what to give', async () => {
  const report = await lookAt('oci')
  expect(report).toMatchObject({ outcome: 'skipped', exit: 0 })
  expect(detailOf(report, 'write')).toContain('--image REPO@sha256:…')
  for (const { check } of report.checks) expect(CHECKS).toHaveProperty([check])
})
