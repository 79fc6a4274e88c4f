/**
 * Writers that share nothing but the registry: processes of their own on one tag, while a third of the manifest PUTs is late.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import { open } from '../../../backends/oci/backend.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { describeWith, REGISTRIES, registry } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { type Proxy as LateProxy, startProxy } from '../../support/proxy.ts'
import { freshName, tagsOf } from '../../support/registry.ts'
import { calm } from '../../support/remote-registry.ts'
import { runWriter } from './writers.ts'

async function lateProxy(endpoint: string): Promise<LateProxy> {
  const proxy = await startProxy(endpoint)
  onTestFinished(() => proxy.close())
  proxy.use(({ method, path }) =>
    method === 'PUT' && path.includes('/manifests/') && Math.random() < 1 / 3
      ? { delayMs: Math.random() * 400 }
      : undefined,
  )
  return proxy
}

interface Race {
  /** Run uids whose put succeeded. */
  readonly stored: readonly string[]
  readonly failed: readonly string[]
  /** Those of them that are in the tag afterwards. */
  readonly survived: number
  readonly tags: readonly string[]
}

async function race(endpoint: string, tagWrites: string, writers: number, each: number): Promise<Race> {
  const proxy = await lateProxy(endpoint)
  const name = freshName('race')
  const repository = `${proxy.endpoint}/${name}`
  const settings = { 'storage.oci.tag-writes': tagWrites }
  const all = await Promise.all(
    Array.from({ length: writers }, (_, n) => runWriter(settings, repository, `w${n}`, each)),
  )
  proxy.use(undefined)
  const stored = all.flatMap((written) => written.stored)
  const backend = open(testContext())
  onTestFinished(() => backend.close())
  const image = sampleImage(repository, 'app')
  const [slot] = backend.slots(aboutOf('dsse', sampleRun('b', image), image))
  if (slot === undefined) throw new Error('no slot')
  const found = await backend.get(slot, calm())
  const text = found.map((item) => Buffer.from(item.entry?.payload ?? []).toString()).join('\n')
  const survived = stored.filter((uid) => text.includes(uid)).length
  return { stored, failed: all.flatMap((written) => written.failed), survived, tags: await tagsOf(endpoint, name) }
}

for (const name of REGISTRIES) {
  describeWith([name], `writers in processes of their own on ${name}`, () => {
    test.each([
      [2, 20],
      [8, 20],
    ])(
      'markers: %i of them, %i entries each: none is lost, no marker is left',
      { timeout: 420_000 },
      async (writers, each) => {
        const start = Date.now()
        const { stored, failed, survived, tags } = await race(registry(name), 'markers', writers, each)
        process.stdout.write(
          `${name}, markers, ${writers} writers: ${survived} of ${stored.length} survived, ${Date.now() - start} ms\n`,
        )
        expect(failed).toEqual([])
        expect(stored).toHaveLength(writers * each)
        expect(survived).toBe(stored.length)
        expect(tags).toHaveLength(1)
      },
    )
  })
}

describeWith(['distribution'], 'read back alone', () => {
  test('what it loses is measured, not promised', { timeout: 420_000 }, async () => {
    const { stored, survived } = await race(registry('distribution'), 'readback', 2, 20)
    process.stdout.write(`distribution, readback, 2 writers: ${survived} of ${stored.length} survived\n`)
    expect(survived).toBeGreaterThan(0)
  })
})

describe('a writer that died', () => {
  describeWith(['distribution'], 'left an open marker', () => {
    test('the next put brings its entry in, and the marker goes when it is old', async () => {
      const endpoint = registry('distribution')
      const proxy = await startProxy(endpoint)
      onTestFinished(() => proxy.close())
      const name = freshName('dead')
      const image = sampleImage(`${proxy.endpoint}/${name}`, 'app')
      const later = { ms: 0 }
      const context = {
        ...testContext({ 'storage.oci.tag-writes': 'markers', 'storage.oci.timeout': '10s' }),
        now: () => Date.now() + later.ms,
      }
      const backend = () => {
        const made = open(context)
        onTestFinished(() => made.close())
        return made
      }
      const dying = backend()
      const [slot] = dying.slots(aboutOf('dsse', sampleRun('b', image), image))
      if (slot === undefined) throw new Error('no slot')
      const tag = slot.address['tag'] ?? ''
      const entries = ['dead', 'next', 'last'].map((label) => sampleEntry('dsse', sampleRun(label, image), image))
      const [dead, next, last] = entries
      if (dead === undefined || next === undefined || last === undefined) throw new Error('three')
      // It dies right before it writes the shared tag.
      proxy.use(({ method, path }) =>
        method === 'PUT' && path.endsWith(`/manifests/${tag}`) ? { hang: true } : undefined,
      )
      await expect(dying.put(slot, dead, { signal: AbortSignal.timeout(1000) })).rejects.toMatchObject({
        code: 'aborted',
      })
      proxy.use(undefined)
      expect((await tagsOf(endpoint, name)).filter((other) => other !== tag)).toHaveLength(1)
      await backend().put(slot, next, calm())
      expect(await backend().get(slot, calm())).toHaveLength(2)
      expect((await tagsOf(endpoint, name)).length).toBeGreaterThan(1)
      later.ms = 60_000
      await backend().put(slot, last, calm())
      expect(await backend().get(slot, calm())).toHaveLength(3)
      expect(await tagsOf(endpoint, name)).toEqual([tag])
    })

    test('a read brings it in as well, once it is old', async () => {
      const endpoint = registry('distribution')
      const proxy = await startProxy(endpoint)
      onTestFinished(() => proxy.close())
      const name = freshName('dead')
      const image = sampleImage(`${proxy.endpoint}/${name}`, 'app')
      const settings = { 'storage.oci.tag-writes': 'markers', 'storage.oci.timeout': '10s' }
      const dying = open(testContext(settings))
      const [slot] = dying.slots(aboutOf('dsse', sampleRun('b', image), image))
      if (slot === undefined) throw new Error('no slot')
      const tag = slot.address['tag'] ?? ''
      const entry = sampleEntry('dsse', sampleRun('b', image), image)
      proxy.use(({ method, path }) =>
        method === 'PUT' && path.endsWith(`/manifests/${tag}`) ? { hang: true } : undefined,
      )
      await expect(dying.put(slot, entry, { signal: AbortSignal.timeout(1000) })).rejects.toMatchObject({
        code: 'aborted',
      })
      await dying.close()
      proxy.use(undefined)
      const reader = open({ ...testContext(settings), now: () => Date.now() + 60_000 })
      onTestFinished(() => reader.close())
      expect(await reader.get(slot, calm())).toHaveLength(1)
      expect(await tagsOf(endpoint, name)).toEqual([tag])
    })
  })
})
