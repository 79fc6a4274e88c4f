/** Nothing old is ever said: keys, policy and tags are moved under a service that remembers its verdicts. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeWith } from '../servers/endpoints.ts'
import { getManifest, putManifest } from '../support/registry.ts'
import { scratch } from '../support/scratch.ts'
import { ask, provide, type Started, startService } from '../support/service.ts'
import { type SignedImages, signedImages } from '../support/signed-images.ts'
import { newKey } from '../support/stage.ts'

/** A service whose key stands in a file of its own. */
async function withKeyFile(signed: SignedImages, ...more: readonly string[]) {
  const file = join(scratch(), 'keys.pub')
  writeFileSync(file, readFileSync(signed.key.public))
  const flags = signed.flags.map((flag) => (flag === signed.key.public ? file : flag))
  const service = await startService([...flags, '--cache', 'memory', ...more])
  const put = (text: string): void => {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  return { service, put, file }
}

async function verdictOf(service: Started, image = ''): Promise<unknown> {
  const { items = [] } = await provide(service.address, '/verify', [image])
  const [item] = items
  const value = item?.value as { verdict: string; cached: boolean } | undefined
  return value === undefined ? item?.error : [value.verdict, value.cached]
}

/** After this many reloads. */
async function reloaded(service: Started, count: number): Promise<void> {
  while (service.log.filter(({ event }) => event === 'reloaded').length < count) {
    await new Promise((done) => setTimeout(done, 20))
  }
}

describeWith(['distribution'], 'the keys', () => {
  test('one that is taken away or added counts with the next answer', async () => {
    await using signed = await signedImages(1)
    const { service, put } = await withKeyFile(signed)
    const [image] = signed.images
    expect(await verdictOf(service, image)).toEqual(['verified', false])
    expect(await verdictOf(service, image)).toEqual(['verified', true])
    const [own, other] = [readFileSync(signed.key.public, 'utf8'), readFileSync(newKey().public, 'utf8')]
    put(other)
    await reloaded(service, 1)
    expect(await verdictOf(service, image)).toEqual(['refused', false])
    put(own + other)
    await reloaded(service, 2)
    expect(await verdictOf(service, image)).toEqual(['verified', false])
    // The very same keys as before find what was kept then: nothing was forgotten, and nothing mixed up.
    put(own)
    await reloaded(service, 3)
    expect(await verdictOf(service, image)).toEqual(['verified', true])
  })

  test('half of a file is not a set: the last one counts for serve.stale-config, and then none', async () => {
    await using signed = await signedImages(1)
    const { service, put, file } = await withKeyFile(signed, '--set', 'serve.stale-config=2s')
    const [image] = signed.images
    put(readFileSync(signed.key.public, 'utf8').slice(0, 60))
    expect((await service.logged('reload_refused'))['message']).toContain(file)
    expect(await verdictOf(service, image)).toEqual(['verified', false])
    while ((await ask(service.address, '/readyz')).status !== 503) await new Promise((done) => setTimeout(done, 50))
    const { text } = await ask(service.address, '/readyz')
    expect(text).toMatch(/^not ready: keys: key_unreadable: the trusted keys could not be used for \d+ s\n$/)
    const said = await verdictOf(service, image)
    expect(said).toMatch(/^key_unreadable: the trusted keys could not be used for \d+ s/)
    const asked = await ask(service.address, `/v1/verify?image=${image}`)
    expect(asked.status).toBe(503)
    // Where files lie is for the log alone.
    expect(`${text}${String(said)}${asked.text}`).not.toContain(file)
    put(readFileSync(signed.key.public, 'utf8'))
    while ((await ask(service.address, '/readyz')).status !== 200) await new Promise((done) => setTimeout(done, 50))
    expect(await verdictOf(service, image)).toEqual(['verified', true])
  })
})

describeWith(['distribution'], 'the policy', () => {
  test('another one counts with the next answer, and an old verdict is not found again', async () => {
    await using signed = await signedImages(1)
    const config = join(scratch(), 'prov.yaml')
    const write = (hosts: string): void => writeFileSync(config, `storage.oci.hosts: ${hosts}\n`)
    write(signed.proxy.endpoint)
    const flags = ['--storage', 'oci', '--key', signed.key.public, '--config', config, '--cache', 'memory']
    const service = await startService(flags)
    const [image] = signed.images
    expect(await verdictOf(service, image)).toEqual(['verified', false])
    write('registry.example')
    await reloaded(service, 1)
    expect(await verdictOf(service, image)).toMatch(/^host_refused: /)
    write(signed.proxy.endpoint)
    await reloaded(service, 2)
    expect(await verdictOf(service, image)).toEqual(['verified', true])
    write('""')
    await service.logged('reload_refused')
    expect(await verdictOf(service, image)).toEqual(['verified', true])
  })
})

describeWith(['distribution'], 'a tag', () => {
  test('that is moved names the new image, once five seconds are over', async () => {
    await using signed = await signedImages(2)
    const service = await startService([...signed.flags, '--cache', 'memory'])
    const [first = '', second = ''] = signed.images
    const [run] = signed.runs
    if (run === undefined) throw new Error('no image')
    const point = async (image: string): Promise<void> => {
      const [, digest = ''] = image.split('@')
      const bytes = await getManifest(run.endpoint, run.name, digest)
      await putManifest(signed.proxy.endpoint, run.name, 'moving', bytes ?? new Uint8Array())
    }
    const tag = first.replace(/@.*/, ':moving')
    const named = async (): Promise<unknown> => (await provide(service.address, '/mutate', [tag])).items?.[0]?.value
    await point(first)
    expect(await named()).toBe(first)
    await point(second)
    const began = performance.now()
    while ((await named()) !== second) {
      expect(await named()).toMatch(/@sha256:/)
      if (performance.now() - began > 60_000) throw new Error('the tag is remembered for too long')
      await new Promise((done) => setTimeout(done, 100))
    }
    const asked = signed.proxy.seen.filter(({ method, path }) => method === 'GET' && path.endsWith('/manifests/moving'))
    expect(asked).toHaveLength(2)
  })
})
