/** A run that Chains signed is completed with Chains' own signature; what was stored once is not signed again unless asked. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse, parseDocument } from 'yaml'
import { describeWith, registry } from '../servers/endpoints.ts'
import { type Outcome, prov } from '../support/cli.ts'
import { idsOf, linesOf, verdictOf } from '../support/lines.ts'
import { freshName } from '../support/registry.ts'
import { FIXTURES, PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { annotation, type KeyFiles, newKey, openStage, type Stage } from '../support/stage.ts'
import { layersIn, layoutTags, registryTags, type Tags } from '../support/tags.ts'

interface Stored {
  readonly exit: number
  readonly items: readonly {
    readonly type: 'run' | 'image'
    readonly source: string
    readonly signatures: readonly string[]
    readonly differs: readonly string[]
    readonly copies: readonly {
      readonly backend: string
      readonly outcome: string
      readonly error?: { readonly code: string }
    }[]
  }[]
}

const storedOf = ({ stdout }: Outcome): Stored => JSON.parse(stdout) as Stored

/** `BACKEND TYPE OUTCOME [CODE]` of every copy. */
const outcomesOf = ({ items }: Stored): readonly string[] =>
  items
    .flatMap(({ type, copies }) =>
      copies.map((c) => [c.backend, type, c.outcome, c.error?.code].filter(Boolean).join(' ')),
    )
    .sort()

type Annotations = Readonly<Record<string, string>>

const IMAGE = 'sha256-09e72cd4668214dcd3c5dae94efc1881970a315731be8837bc97164cf14da4f2'
const RUN_KEY = 'taskrun-b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9'
const IMAGE_KEY = '09e72cd46682'

const byChains = JSON.parse(
  readFileSync(join(FIXTURES, 'stored/tekton/buildpacks-taskrun/annotations.json'), 'utf8'),
) as Annotations

/** The buildpacks run as Chains left it; returns its file. */
function signedByChains(): string {
  const file = runFixture('buildpacks-taskrun.yaml')
  const document = parseDocument(readFileSync(file, 'utf8'))
  for (const [name, value] of Object.entries(byChains)) document.setIn(['metadata', 'annotations', name], value)
  writeFileSync(file, document.toString())
  return file
}

function annotationsIn(file: string): Annotations {
  const { metadata } = parse(readFileSync(file, 'utf8')) as { metadata: { annotations: Annotations } }
  return metadata.annotations
}

const decoded = (part: 'payload' | 'signature', key: string): string =>
  Buffer.from(byChains[annotation(part, key)] ?? '', 'base64').toString('latin1')

interface Target {
  readonly tags: Tags
  readonly where: readonly string[]
}

function inRegistry(): Target {
  const [endpoint, name] = [registry('distribution'), freshName('chains')]
  const where = ['--storage', 'tekton,oci', '--set', `storage.oci.repository=${endpoint}/${name}`]
  return { tags: registryTags(endpoint, name), where }
}

function inDirectory(): Target {
  const layout = join(scratch(), 'copies')
  const where = ['--storage', 'tekton,oci', '--set', `storage.oci.layout=${layout}`]
  return { tags: layoutTags(layout, 'ttl.sh/slsapoc'), where }
}

const env = { COSIGN_PASSWORD: PASSWORD }

let other: KeyFiles
beforeAll(() => {
  other = newKey()
})

function completed(place: () => Target): void {
  it.each([
    ["the same key's private half", () => ['--key', PRIVATE_KEY]],
    ['another key, and the public half to build on', () => ['--key', other.private, '--verify-key', PUBLIC_KEY]],
  ] as const)("with %s: Chains' own bytes, and no new signature", async (_, keys) => {
    const { tags, where } = place()
    const file = signedByChains()
    const outcome = await prov(['store', '--json', ...where, ...keys(), file], { env })
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0)
    const report = storedOf(outcome)
    expect(report.items.map(({ source }) => source)).toEqual(['adopted', 'adopted'])
    expect(outcomesOf(report)).toEqual([
      'oci image written',
      'oci run written',
      'tekton image unchanged',
      'tekton run unchanged',
    ])
    expect(annotationsIn(file)).toEqual(byChains)

    const [envelope, ...more] = await layersIn(tags, `${IMAGE}.att`)
    const stored = await tags.blob(envelope?.digest ?? '')
    expect(stored.toString('latin1')).toBe(decoded('signature', RUN_KEY))
    const { payload } = JSON.parse(stored.toString()) as { payload: string }
    expect(Buffer.from(payload, 'base64').toString()).toMatch(/, "/) // the spaces that a build of Chains puts in
    const [image, ...others] = await layersIn(tags, `${IMAGE}.sig`)
    expect((await tags.blob(image?.digest ?? '')).toString('latin1')).toBe(decoded('payload', IMAGE_KEY))
    expect(image?.annotations?.['dev.cosignproject.cosign/signature']).toBe(
      byChains[annotation('signature', IMAGE_KEY)],
    )
    expect([more, others]).toEqual([[], []])

    const verify = async (key: string) => prov(['verify', '--json', ...where, '--key', key, file])
    const good = await verify(PUBLIC_KEY)
    expect([good.code, linesOf(verdictOf(good))]).toEqual([
      0,
      ['oci dsse =', 'oci raw =', 'tekton dsse =', 'tekton raw ='],
    ])
    expect((await verify(other.public)).code).toBe(3)
  })

  it('with another key alone: nothing of it is overwritten', async () => {
    const { where } = place()
    const file = signedByChains()
    const outcome = await prov(['store', '--json', ...where, '--key', other.private, file])
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(7)
    expect(outcomesOf(storedOf(outcome))).toEqual([
      'oci image written',
      'oci run written',
      'tekton image failed occupied',
      'tekton run failed occupied',
    ])
    expect(annotationsIn(file)).toEqual(byChains)
    const resigned = await prov(['store', '--json', ...where, '--key', other.private, '--resign', file])
    expect(resigned.code, resigned.stdout + resigned.stderr).toBe(7)
    expect(annotationsIn(file)).toEqual(byChains)
  })
}

describeWith(['distribution'], 'a run that Chains signed is completed in a registry', () => completed(inRegistry))
describe('a run that Chains signed is completed in a directory', () => completed(inDirectory))

describe('a run that Chains signed, from standard input', () => {
  const begin = (): { readonly target: string; readonly where: readonly string[]; readonly input: Buffer } => {
    const folder = scratch()
    const target = join(folder, 'run.yaml')
    const copies = ['--set', `storage.gcs.directory=${join(folder, 'copies')}`]
    const where = ['--storage', 'tekton,gcs', ...copies, '--tekton-file', target]
    return { target, where, input: readFileSync(signedByChains()) }
  }

  it("is completed with Chains' own signature, which it brought along", async () => {
    const { target, where, input } = begin()
    const outcome = await prov(['store', '--json', ...where, '--key', PRIVATE_KEY, '-'], { env, input })
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0)
    expect(storedOf(outcome).items.map(({ source }) => source)).toEqual(['adopted', 'adopted'])
    for (const storage of ['tekton', 'gcs']) {
      const got = await prov(['get', 'signature', ...where, '--storage', storage, target])
      expect(got.bytes.toString('latin1')).toBe(decoded('signature', RUN_KEY))
    }
    const verified = await prov(['verify', '--json', ...where, '--key', PUBLIC_KEY, target])
    expect(linesOf(verdictOf(verified))).toEqual(['gcs dsse =', 'gcs raw =', 'tekton dsse =', 'tekton raw ='])
  })

  it('is signed anew in both places with --resign', async () => {
    const { target, where, input } = begin()
    expect((await prov(['store', ...where, '--key', PRIVATE_KEY, '--resign', '-'], { env, input })).code).toBe(0)
    const got = await prov(['get', 'signature', ...where, '--storage', 'tekton', target])
    expect(got.bytes.toString('latin1')).not.toBe(decoded('signature', RUN_KEY))
    const verified = await prov(['verify', '--json', ...where, '--key', PUBLIC_KEY, target])
    expect(linesOf(verdictOf(verified))).toEqual(['gcs dsse =', 'gcs raw =', 'tekton dsse =', 'tekton raw ='])
  })

  it('has no copy in the file before one was stored there', async () => {
    const { where, input } = begin()
    const verified = await prov(['verify', '--json', ...where, '--key', PUBLIC_KEY, '-'], { input })
    expect([verified.code, linesOf(verdictOf(verified))]).toEqual([
      5,
      ['gcs dsse + absent', 'gcs raw + absent', 'tekton dsse + absent', 'tekton raw + absent'],
    ])
  })
})

describe('a run whose labels changed after it was stored', () => {
  const relabel = ({ a }: Stage): void => {
    const document = parseDocument(readFileSync(a.file, 'utf8'))
    document.setIn(['metadata', 'labels', 'example.com/team'], 'blue')
    writeFileSync(a.file, document.toString())
  }
  const LABEL = '/predicate/invocation/environment/labels/example.com~1team'

  it('is not signed again, and the report says where it differs', async () => {
    await using stage = await openStage('layout')
    const before = await stage.verify(['--json'])
    relabel(stage)
    const file = readFileSync(stage.a.file)
    const json = await stage.store(['--json'])
    expect(json.code, json.stdout + json.stderr).toBe(0)
    const report = storedOf(json)
    expect(report.items.map(({ source, differs }) => [source, differs])).toEqual([
      ['adopted', [LABEL]],
      ['adopted', []],
    ])
    expect(new Set(report.items.flatMap(({ copies }) => copies.map(({ outcome }) => outcome)))).toEqual(
      new Set(['unchanged']),
    )
    const text = await stage.store()
    expect(text.stdout).toContain(`the run would give another payload today, at ${LABEL}`)
    expect(readFileSync(stage.a.file).equals(file)).toBe(true)
    const after = await stage.verify(['--json'])
    expect(after.code).toBe(0)
    expect(idsOf(verdictOf(after))).toEqual(idsOf(verdictOf(before)))
  })

  it('is completed with the old bytes where a copy is missing', async () => {
    await using stage = await openStage('layout')
    const before = await stage.verify(['--json'])
    relabel(stage)
    await stage.tags.remove(stage.att(stage.a))
    expect((await stage.store()).code).toBe(0)
    const after = await stage.verify(['--json'])
    expect([after.code, idsOf(verdictOf(after))]).toEqual([0, idsOf(verdictOf(before))])
  })

  it('is signed again with --resign, everywhere', async () => {
    await using stage = await openStage('layout')
    const before = verdictOf(await stage.verify(['--json']))
    relabel(stage)
    const json = await stage.store(['--json', '--resign'])
    expect(json.code, json.stdout + json.stderr).toBe(0)
    const run = storedOf(json).items.find(({ type }) => type === 'run')
    expect([run?.source, run?.copies.map(({ outcome }) => outcome)]).toEqual(['signed', ['replaced', 'replaced']])
    const outcome = await stage.verify(['--json', '--strict'])
    const after = verdictOf(outcome)
    expect([outcome.code, linesOf(after)]).toEqual([0, ['oci dsse =', 'oci raw =', 'tekton dsse =', 'tekton raw =']])
    const idOf = (verdict: typeof after): string | undefined => verdict.artifacts[0]?.rows[0]?.entry
    expect(idOf(after)).toBeDefined()
    expect(idOf(after)).not.toBe(idOf(before))
    expect(await layersIn(stage.tags, stage.att(stage.a))).toHaveLength(1)
  })

  it('and signed again in one store only drifts, which a plain store reports and --resign ends', async () => {
    await using stage = await openStage('layout')
    relabel(stage)
    expect((await stage.store(['--storage', 'tekton', '--resign'])).code).toBe(0)
    const plain = await stage.store()
    expect([plain.code, plain.stdout]).toEqual([4, expect.stringMatching(/drift: .*\(.*--resign.*\)/)])
    expect(plain.stdout).not.toContain('the same command completes it')
    expect((await stage.store(['--resign'])).code).toBe(0)
    expect((await stage.verify(['--strict'])).code).toBe(0)
  })
})
