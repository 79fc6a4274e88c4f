/** What a store does when a backend is down, optional or enough, and with what else than one run it can be fed. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { describeWith, REGISTRIES, registry } from '../servers/endpoints.ts'
import { type Outcome, prov } from '../support/cli.ts'
import { idsOf, linesOf, verdictOf } from '../support/lines.ts'
import { startProxy } from '../support/proxy.ts'
import { digestOf, freshName, seedImage, tagsOf } from '../support/registry.ts'
import { runFixture, runOfImage, runWithImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { type KeyFiles, newKey } from '../support/stage.ts'
import { layersIn, layoutTags, registryTags } from '../support/tags.ts'

let key: KeyFiles
beforeAll(() => {
  key = newKey()
})

const store = (...args: readonly string[]): Promise<Outcome> => prov(['store', '--key', key.private, ...args])
const verify = (...args: readonly string[]): Promise<Outcome> =>
  prov(['verify', '--json', '--key', key.public, ...args])

const ALL_EQUAL = ['oci dsse =', 'oci raw =', 'tekton dsse =', 'tekton raw =']

function annotationsOf(file: string): Readonly<Record<string, string>> {
  return (parse(readFileSync(file, 'utf8')) as { metadata: { annotations: Record<string, string> } }).metadata
    .annotations
}

async function expectAllEqual(...args: readonly string[]): Promise<readonly string[]> {
  const outcome = await verify(...args)
  expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0)
  const verdict = verdictOf(outcome)
  const marks = new Set(verdict.artifacts.flatMap(({ rows }) => rows.map(({ mark }) => mark)))
  expect([...marks].filter((mark) => mark !== 'x')).toEqual(['='])
  return idsOf(verdict)
}

describeWith(['distribution'], 'a store while the registry is down', () => {
  it.each([
    ['cut off', { cut: 'before' }, 'unreachable'],
    ['denying', { status: 403 }, 'denied'],
    ['failing', { status: 503 }, 'server_error'],
  ] as const)(
    '(%s) stores the rest, does not mark the run, and is completed later by the same signatures',
    async (_, action, code) => {
      await using proxy = await startProxy(registry('distribution'))
      const run = await runWithImage(registry('distribution'), { through: proxy.endpoint })
      proxy.use(() => action)
      const where = ['--storage', 'tekton,oci', '--set', 'storage.retries=1']
      const first = await store(...where, '--json', run.file)
      expect(first.code, first.stdout + first.stderr).toBe(7)
      const { findings } = JSON.parse(first.stdout) as { findings: readonly { code: string; backend: string }[] }
      expect(findings.map((finding) => [finding.backend, finding.code])).toEqual([
        ['oci', code],
        ['oci', code],
      ])
      expect(annotationsOf(run.file)['chains.tekton.dev/signed']).toBeUndefined()
      const before = await expectAllEqual('--storage', 'tekton', run.file)

      proxy.use(undefined)
      expect((await store(...where, run.file)).code).toBe(0)
      expect(annotationsOf(run.file)['chains.tekton.dev/signed']).toBe('true')
      expect(await expectAllEqual('--storage', 'tekton,oci', run.file)).toEqual(before)
    },
  )

  it.each([
    ['--optional', 'oci', 0],
    ['--optional', 'tekton', 7],
    ['--require', '1', 0],
    ['--require', '2', 7],
  ] as const)('%s %s: exit %i', async (flag, value, exit) => {
    await using proxy = await startProxy(registry('distribution'), () => ({ cut: 'before' }))
    const run = runOfImage({ endpoint: proxy.endpoint, name: freshName('down'), digest: digestOf(Buffer.from('x')) })
    const args = ['--storage', 'tekton,oci', '--set', 'storage.retries=0', flag, value, run.file]
    const outcome = await store(...args)
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(exit)
    expect(outcome.stdout).toMatch(/FAILED +oci .*\n +unreachable: /)
    expect(annotationsOf(run.file)['chains.tekton.dev/signed']).toBe(exit === 0 ? 'true' : undefined)
  })

  it('tries again what may heal, and Retry-After is heeded', async () => {
    await using proxy = await startProxy(registry('distribution'))
    const run = await runWithImage(registry('distribution'), { through: proxy.endpoint })
    const refused = new Set<string>()
    proxy.use(({ method, path }) => {
      if (method !== 'PUT' || !path.includes('/manifests/') || refused.has(path)) return undefined
      refused.add(path)
      return { status: 429, headers: { 'retry-after': '1' } }
    })
    const began = performance.now()
    const outcome = await store('--storage', 'tekton,oci', run.file)
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0)
    expect(performance.now() - began).toBeGreaterThan(1000)
    expect(refused.size).toBe(2)
    await expectAllEqual('--storage', 'tekton,oci', run.file)
  })
})

for (const name of REGISTRIES) {
  describeWith([name], `on ${name}, a store`, () => {
    it('does not need the image itself to be there', async () => {
      const repository = freshName('absent')
      const run = runOfImage({ endpoint: registry(name), name: repository, digest: digestOf(Buffer.from(repository)) })
      const outcome = await store('--storage', 'tekton,oci', run.file)
      expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0)
      const verdict = verdictOf(await verify('--storage', 'tekton,oci', run.file))
      expect(linesOf(verdict)).toEqual(ALL_EQUAL)
    })

    it('of an image alone needs no run, and is verified from the reference', async () => {
      const image = await seedImage(registry(name), freshName('alone'))
      const stored = await store('--storage', 'tekton,oci', '--image', image)
      expect(stored.code, stored.stdout + stored.stderr).toBe(0)
      const outcome = await verify('--storage', 'tekton,oci', '--image', image)
      expect([outcome.code, linesOf(verdictOf(outcome))]).toEqual([0, ['oci raw =', 'tekton raw x']])
      expect((await store('--storage', 'tekton', '--image', image)).code).toBe(2)
    })

    it('into a repository of its own is read back from there', async () => {
      const [run, own] = [await runWithImage(registry(name)), freshName('own')]
      const where = ['--storage', 'tekton,oci', '--set', `storage.oci.repository=${registry(name)}/${own}`]
      expect((await store(...where, run.file)).code).toBe(0)
      await expectAllEqual(...where, run.file)
      expect(await tagsOf(registry(name), run.name)).toEqual(['v1'])
      expect((await tagsOf(registry(name), own)).length).toBe(2)
      expect((await verify('--storage', 'tekton,oci', run.file)).code).toBe(5)
    })

    it('of an in-toto Statement stores it as it is', async () => {
      const image = await seedImage(registry(name), freshName('statement'))
      const [repository = '', digest = ''] = image.split('@')
      const statement = join(scratch(), 'statement.json')
      const bytes = `{ "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://example.com/p/v1",\n "subject": [{"name": "${repository}", "digest": {"sha256": "${digest.slice(7)}"}}], "predicate": {"a": 1} }\n`
      writeFileSync(statement, bytes)
      const where = ['--storage', 'oci', '--statement', statement]
      expect((await store(...where)).code).toBe(0)
      await expectAllEqual(...where)
      const tags = registryTags(registry(name), repository.slice(repository.indexOf('/') + 1))
      const [layer] = await layersIn(tags, `${digest.replace(':', '-')}.att`)
      const { payload } = JSON.parse((await tags.blob(layer?.digest ?? '')).toString()) as { payload: string }
      expect(Buffer.from(payload, 'base64').toString()).toBe(bytes)
    })
  })
}

describe('a store into a directory', () => {
  it('with --dry-run writes nothing, and says what it would write', async () => {
    const folder = scratch()
    const run = runOfImage({ endpoint: 'registry.example', name: 'app', digest: digestOf(Buffer.from(folder)) })
    const before = readFileSync(run.file)
    const where = ['--storage', 'tekton,oci', '--set', `storage.oci.layout=${join(folder, 'copies')}`]
    const { code, stdout, stderr } = await store(...where, '--dry-run', run.file)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.match(/^ {2}write +(tekton|oci) .* \(\d+ bytes\)$/gm)).toHaveLength(4)
    expect(readFileSync(run.file).equals(before)).toBe(true)
    expect(existsSync(join(folder, 'copies'))).toBe(false)
  })

  it.each([
    'agent-release-pipelinerun',
    'artifact-outputs-taskrun.yaml',
    'failed-taskrun.json',
    'git-clone-taskrun.yaml',
    'images-list-taskrun.yaml',
    'kaniko-taskrun.json',
    'maven-taskrun.json',
    'no-results-taskrun.yaml',
    'remote-resolver-taskrun.yaml',
    'stepaction-taskrun.yaml',
    'storefront-pipelinerun.yaml',
  ])('of %s is verified, and a second one changes nothing', async (name) => {
    const file = runFixture(name)
    const layout = join(scratch(), 'copies')
    const where = ['--storage', 'tekton,oci', '--set', `storage.oci.layout=${layout}`]
    const stored = await store(...where, file)
    expect(stored.code, stored.stdout + stored.stderr).toBe(0)
    const ids = await expectAllEqual(...where, file)
    const again = await store(...where, file)
    expect([again.code, / (written|replaced|FAILED) /.test(again.stdout)]).toEqual([0, false])
    expect(await expectAllEqual(...where, file)).toEqual(ids)
  })

  it('keeps the attestations of two runs about one image apart', async () => {
    const layout = join(scratch(), 'copies')
    const digest = digestOf(Buffer.from(layout))
    const [a, b] = [1, 2].map(() => runOfImage({ endpoint: 'registry.example', name: 'app', digest }))
    if (a === undefined || b === undefined) throw new Error('two runs are wanted')
    writeFileSync(b.file, readFileSync(b.file, 'utf8').replaceAll('09:12:04', '09:12:05'))
    const where = ['--storage', 'tekton,oci', '--set', `storage.oci.layout=${layout}`]
    expect((await store(...where, a.file)).code).toBe(0)
    expect((await store(...where, b.file)).code).toBe(0)
    const tag = `${digest.replace(':', '-')}.att`
    expect(await layersIn(layoutTags(layout, 'registry.example/app'), tag)).toHaveLength(2)
    for (const run of [a, b]) {
      const verdict = verdictOf(await verify(...where, '--strict', run.file))
      expect([verdict.exit, linesOf(verdict)]).toEqual([0, ALL_EQUAL])
    }
  })
})

describe('a folder that is no image layout', () => {
  it('is refused before anything is signed, and stays as it is', async () => {
    const folder = scratch()
    writeFileSync(join(folder, 'thesis.txt'), 'mine')
    const { file } = runOfImage({ endpoint: 'registry.example', name: 'app', digest: digestOf(Buffer.from('x')) })
    const before = readFileSync(file, 'utf8')
    const outcome = await store('--storage', 'tekton,oci', '--set', `storage.oci.layout=${folder}`, file)
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining('holds other files') })
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(existsSync(join(folder, 'blobs'))).toBe(false)
  })
})
