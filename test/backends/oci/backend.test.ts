import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { open } from '../../../backends/oci/backend.ts'
import type { Backend, Slot } from '../../../src/backend/backend.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { describeWith, REGISTRIES, registry, server } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import {
  digestOf,
  freshName,
  getManifest,
  layersOf,
  OCI_MANIFEST,
  putBlob,
  putManifest,
  tagsOf,
} from '../../support/registry.ts'
import { calm, collect, failsWith } from '../../support/remote-registry.ts'
import { scratch } from '../../support/scratch.ts'
import { runWriter } from './writers.ts'

function opened(settings: Readonly<Record<string, string>> = {}, env: Readonly<Record<string, string>> = {}): Backend {
  const backend = open(testContext(settings, env))
  onTestFinished(() => backend.close())
  return backend
}

function slotFor(backend: Backend, kind: 'dsse' | 'raw', repository: string): Slot {
  const image = sampleImage(repository, 'app')
  const [slot] = backend.slots(aboutOf(kind, sampleRun('b', image), image))
  if (slot === undefined) throw new Error('no slot')
  return slot
}

describe('slots', () => {
  const subjects = (...names: string[]) => names.map((name) => ({ name, digest: { sha256: 'a'.repeat(64) } }))
  const run = sampleRun('b', sampleImage('ghcr.io/acme/app', 'app'))
  const about = (...names: string[]) => ({ artifact: run, kind: 'dsse' as const, subjects: subjects(...names) })

  test('one for each distinct image among the subjects, none for what is no image', () => {
    const slots = open(testContext()).slots(
      about(
        'ghcr.io/acme/app',
        'GHCR.io/acme/app',
        'docker.io/alpine',
        'git+https://x/y.git',
        'pkg:npm/x',
        'ghcr.io/../../x',
        'app.jar',
      ),
    )
    const tag = `sha256-${'a'.repeat(64)}.att`
    expect(slots.map((slot) => slot.key)).toEqual([`ghcr.io/acme/app:${tag}`, `index.docker.io/library/alpine:${tag}`])
    expect(slots[0]).toMatchObject({ kind: 'dsse', holds: 'many', address: { repository: 'ghcr.io/acme/app', tag } })
    expect(open(testContext()).slots(about('app.jar'))).toEqual([])
  })

  test('all in the override when one is set', () => {
    const slots = open(testContext({ 'storage.oci.repository': 'docker.io/acme/signatures' })).slots(
      about('ghcr.io/a/b', 'quay.io/a/b'),
    )
    expect(slots.map((slot) => slot.address['repository'])).toEqual(['index.docker.io/acme/signatures'])
  })

  test('hosts that are not allowed are refused', () => {
    const refused = expect.objectContaining({ code: 'host_refused', backend: 'oci' })
    expect(() => open(testContext({ 'storage.oci.hosts': 'ghcr.io' })).slots(about('evil.example.com/app'))).toThrow(
      refused,
    )
    expect(() => open(testContext()).slots(about('169.254.169.254/app'))).toThrow(refused)
    expect(open(testContext({ 'storage.oci.hosts': 'ghcr.io' })).slots(about('ghcr.io/a/b'))).toHaveLength(1)
    expect(
      open(testContext({ 'storage.oci.hosts': 'ghcr.io', 'storage.oci.layout': 'x' })).slots(about('quay.io/a/b')),
    ).toHaveLength(1)
  })

  test('settings that make no sense are refused', () => {
    for (const [key, value] of [
      ['storage.oci.repository', 'https://ghcr.io/a'],
      ['storage.oci.repository', 'ghcr.io/../a'],
      ['storage.oci.tag-writes', 'hope'],
      ['storage.oci.timeout', 'soon'],
    ] as const) {
      expect(() => open(testContext({ [key]: value }))).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    }
  })
})

for (const name of REGISTRIES) {
  describeWith([name], `beside the image on ${name}`, () => {
    test.each(['dsse', 'raw'] as const)(
      '%s: other people’s layers under the tag are kept, and are strangers',
      async (kind) => {
        const endpoint = registry(name)
        const repo = freshName('strangers')
        const backend = opened()
        const slot = slotFor(backend, kind, `${endpoint}/${repo}`)
        const tag = slot.address['tag'] ?? ''
        const config = await putBlob(endpoint, repo, Buffer.from('{}'), 'application/vnd.oci.empty.v1+json')
        const foreign = {
          ...(await putBlob(endpoint, repo, Buffer.from('hello'), 'text/plain')),
          annotations: { who: 'them <&>' },
        }
        const manifest = {
          schemaVersion: 2,
          mediaType: OCI_MANIFEST,
          config,
          layers: [foreign],
          annotations: { team: 'x' },
        }
        await putManifest(endpoint, repo, tag, Buffer.from(JSON.stringify(manifest)))
        const image = sampleImage(`${endpoint}/${repo}`, 'app')
        const entry = sampleEntry(kind, sampleRun('b', image), image)
        expect((await backend.put(slot, entry, calm())).outcome).toBe('written')
        expect((await layersOf(endpoint, repo, tag))[0]).toEqual(foreign)
        expect(JSON.parse(`${await getManifest(endpoint, repo, tag)}`)).toMatchObject({ annotations: { team: 'x' } })
        const found = await backend.get(slot, calm())
        expect(found.map((item) => item.damage?.code)).toEqual(['stranger', undefined])
        const [, mine] = found
        if (mine === undefined) throw new Error('not found')
        await backend.remove?.(slot, mine, calm())
        expect(await layersOf(endpoint, repo, tag)).toEqual([foreign])
      },
    )

    test('a tag that is an index is damage for readers and occupied for writers; it can be replaced', async () => {
      const endpoint = registry(name)
      const repo = freshName('index')
      const backend = opened()
      const slot = slotFor(backend, 'dsse', `${endpoint}/${repo}`)
      const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] }
      await putManifest(endpoint, repo, slot.address['tag'] ?? '', Buffer.from(JSON.stringify(index)))
      const image = sampleImage(`${endpoint}/${repo}`, 'app')
      const entry = sampleEntry('dsse', sampleRun('b', image), image)
      const [damage] = await backend.get(slot, calm())
      expect(damage?.damage?.code).toBe('copy_malformed')
      await failsWith('occupied', backend.put(slot, entry, calm()))
      if (damage === undefined) throw new Error('no damage')
      await backend.replace?.(slot, damage, entry, calm())
      expect((await backend.get(slot, calm())).map((found) => found.entry?.kind)).toEqual(['dsse'])
    })

    test('the last copy taken away leaves nothing to read, and another tag of equal content alone', async () => {
      const endpoint = registry(name)
      const repo = freshName('remove')
      const backend = opened({ 'storage.oci.repository': `${endpoint}/${repo}` })
      const one = sampleImage('ghcr.io/acme/one', 'one')
      const two = sampleImage('ghcr.io/acme/two', 'two')
      const run = sampleRun('b', one)
      const subjects = [one, two].map((image) => ({
        name: image.repository,
        digest: { sha256: image.digest.slice(7) },
      }))
      const [first, second] = backend.slots({ artifact: run, kind: 'dsse', subjects })
      if (first === undefined || second === undefined) throw new Error('two slots')
      const entry = sampleEntry('dsse', run, one)
      await backend.put(first, entry, calm())
      await backend.put(second, entry, calm())
      const [found] = await backend.get(first, calm())
      if (found === undefined) throw new Error('not found')
      await backend.remove?.(first, found, calm())
      expect(await backend.get(first, calm())).toEqual([])
      expect(await backend.get(second, calm())).toHaveLength(1)
      expect((await collect(backend.list?.({}, calm()) ?? ([] as never))).map((slot) => slot.key)).toContain(second.key)
    })

    test('what prov wrote is read where it says, with its digest', async () => {
      const endpoint = registry(name)
      const repo = freshName('plain')
      const backend = opened()
      const slot = slotFor(backend, 'raw', `${endpoint}/${repo}`)
      const image = sampleImage(`${endpoint}/${repo}`, 'app')
      const entry = sampleEntry('raw', sampleRun('b', image), image)
      const receipt = await backend.put(slot, entry, calm())
      expect(receipt.location).toContain(digestOf(entry.payload))
      expect(await tagsOf(endpoint, repo)).toEqual([slot.address['tag']])
      expect((await backend.put(slot, entry, calm())).outcome).toBe('unchanged')
      expect(await layersOf(endpoint, repo, slot.address['tag'] ?? '')).toHaveLength(1)
    })
  })
}

describeWith(['distribution-auth'], 'a registry with passwords', () => {
  const config = (host: string, text: string) => {
    const folder = scratch()
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ auths: { [host]: { auth: Buffer.from(text).toString('base64') } } }),
    )
    return { DOCKER_CONFIG: folder }
  }

  test('the docker config opens it; without, or with a wrong password, it is denied and not absent', async () => {
    const lines = await server('distribution-auth')
    const { DISTRIBUTION_AUTH: host = '', DISTRIBUTION_AUTH_USER: user, DISTRIBUTION_AUTH_PASSWORD: password } = lines
    const repository = `${host}/${freshName('auth')}`
    const image = sampleImage(repository, 'app')
    const entry = sampleEntry('dsse', sampleRun('b', image), image)
    const right = opened({}, config(host, `${user}:${password}`))
    const slot = slotFor(right, 'dsse', repository)
    expect((await right.put(slot, entry, calm())).outcome).toBe('written')
    expect(await right.get(slot, calm())).toHaveLength(1)
    for (const env of [{}, config(host, `${user}:wrong-pl4nted`), config('other.example.com', `${user}:${password}`)]) {
      const error = await failsWith('denied', opened({}, env).get(slot, calm()))
      expect(`${error.message}${error.hint}`).not.toMatch(/pl4nted|s3cret/)
      await failsWith('denied', opened({}, env).put(slot, entry, calm()))
    }
  })
})

describe('image layout directory', () => {
  const entryOf = (label: string) => {
    const image = sampleImage(`registry.example/acme/${label}`, label)
    const run = sampleRun(label, image)
    return { about: aboutOf('dsse', run, image), entry: sampleEntry('dsse', run, image) }
  }

  test('crane-readable: oci-layout, index.json by full name, blobs by digest; several repositories', async () => {
    const directory = join(scratch(), 'new', 'copies')
    const backend = opened({ 'storage.oci.layout': directory })
    const slots: Slot[] = []
    for (const label of ['one', 'two']) {
      const { about, entry } = entryOf(label)
      for (const slot of backend.slots(about)) {
        await backend.put(slot, entry, calm())
        slots.push(slot)
      }
    }
    expect(JSON.parse(readFileSync(join(directory, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' })
    const index = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')) as {
      manifests: { digest: string; size: number; annotations: Record<string, string> }[]
    }
    expect(index.manifests.map((item) => item.annotations['org.opencontainers.image.ref.name'])).toEqual(
      slots.map((slot) => slot.key),
    )
    for (const name of readdirSync(join(directory, 'blobs', 'sha256'))) {
      expect(digestOf(readFileSync(join(directory, 'blobs', 'sha256', name)))).toBe(`sha256:${name}`)
    }
    expect(readdirSync(directory).sort()).toEqual(['blobs', 'index.json', 'oci-layout'])
    expect((await collect(backend.list?.({}, calm()) ?? ([] as never))).map((slot) => slot.key)).toEqual(
      slots.map((slot) => slot.key),
    )
  })

  test('other people’s items in index.json are kept', async () => {
    const directory = scratch()
    writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    const foreign = {
      mediaType: OCI_MANIFEST,
      digest: `sha256:${'1'.repeat(64)}`,
      size: 3,
      platform: { os: 'linux' },
      annotations: { a: 'b' },
    }
    writeFileSync(
      join(directory, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [foreign], annotations: { x: 'y' } }),
    )
    const backend = opened({ 'storage.oci.layout': directory })
    const { about, entry } = entryOf('one')
    const [slot] = backend.slots(about)
    if (slot === undefined) throw new Error('no slot')
    await backend.put(slot, entry, calm())
    expect(JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'))).toMatchObject({
      annotations: { x: 'y' },
      manifests: [foreign, {}],
    })
  })

  test('a folder that is something else, an index that is none, and a file in the way are refused', async () => {
    const { about, entry } = entryOf('one')
    const attempt = async (directory: string) => {
      const backend = opened({ 'storage.oci.layout': directory })
      const [slot] = backend.slots(about)
      if (slot === undefined) throw new Error('no slot')
      return { put: () => backend.put(slot, entry, calm()), get: () => backend.get(slot, calm()) }
    }
    const foreign = scratch()
    writeFileSync(join(foreign, 'thesis.txt'), 'x')
    await failsWith('target_unwritable', (await attempt(foreign)).put())
    expect(readdirSync(foreign)).toEqual(['thesis.txt'])
    const broken = scratch()
    writeFileSync(join(broken, 'index.json'), '{"manifests":3}')
    await failsWith('response_invalid', (await attempt(broken)).get())
    const file = join(scratch(), 'file')
    writeFileSync(file, 'x')
    await failsWith('storage_io', (await attempt(file)).put())
    await failsWith('storage_io', (await attempt(file)).get())
  })

  test('many puts at once go into few writes, and none is lost', async () => {
    const directory = join(scratch(), 'copies')
    const backend = opened({ 'storage.oci.layout': directory })
    const jobs = Array.from({ length: 100 }, (_, n) => entryOf(`app-${n}`))
    const start = Date.now()
    await Promise.all(
      jobs.flatMap(({ about, entry }) => backend.slots(about).map((slot) => backend.put(slot, entry, calm()))),
    )
    expect(Date.now() - start).toBeLessThan(20_000)
    const again = opened({ 'storage.oci.layout': directory })
    expect(await collect(again.list?.({}, calm()) ?? ([] as never))).toHaveLength(100)
  })

  test('writers in several processes lose nothing', async () => {
    const directory = join(scratch(), 'copies')
    const children = Array.from({ length: 4 }, (_, n) =>
      runWriter({ 'storage.oci.layout': directory }, `registry.example/acme/app`, `w${n}`, 10),
    )
    expect((await Promise.all(children)).flatMap((written) => written.failed)).toEqual([])
    const backend = opened({ 'storage.oci.layout': directory })
    expect(await backend.get(slotFor(backend, 'dsse', 'registry.example/acme/app'), calm())).toHaveLength(40)
  })
})
