/** What whole backends hold: each artifact once, whichever copies lead to it, and every place that is to hold one. */

import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Backend } from '../../src/backend/backend.ts'
import { formatNamed } from '../../src/formats/index.ts'
import type { RunArtifact } from '../../src/model/artifact.ts'
import type { Entry } from '../../src/model/entry.ts'
import { encodeEnvelope, signedBytes } from '../../src/model/envelope.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'
import { survey } from '../../src/verify/survey.ts'
import { verifyOne } from '../../src/verify/verify.ts'
import { provHere } from '../support/in-process.ts'
import { aboutImage, aboutRun, attest, FORMAT_OPTIONS, imageOf, signer, signImage, taskRun } from '../support/makers.ts'
import { scratch } from '../support/scratch.ts'
import { calm, embedded, fill, handle, noRetry } from '../support/stored-set.ts'

const by = await signer()
const trust = trustOf(by)

/** A run that names its Task, so that SLSA v1.0 says of which kind it is. */
function ofTask(name: string, image?: string): RunArtifact {
  const run = taskRun(name, image === undefined ? {} : { image })
  const spec = { ...(run.object['spec'] as object), taskRef: { name: 'build' } }
  return { ...run, object: { ...run.object, spec } }
}

/** Names the run by its uid; `more` is added to the predicate, `space` between the members. */
async function attestV1(
  run: RunArtifact,
  { more = {}, space = 0, by: signs = by }: { more?: object; space?: number; by?: KeySigner } = {},
): Promise<Entry> {
  const format = formatNamed('slsa/v2alpha4')
  const statement = JSON.parse(Buffer.from(format.payload(run, FORMAT_OPTIONS)).toString())
  const payload = Buffer.from(
    JSON.stringify({ ...statement, predicate: { ...statement.predicate, ...more } }, null, space),
  )
  const unsigned = { kind: format.kind, payloadType: format.payloadType, payload, signatures: [] }
  const entry = {
    ...unsigned,
    signatures: [{ sig: (await signs.sign(signedBytes(unsigned))).sig, keyid: signs.keyid }],
  }
  return { ...entry, envelope: encodeEnvelope(entry) }
}

/** A line an artifact: what it is, then the mark of each backend. */
async function surveyed(backends: readonly Backend[], keys: Trust = trust): Promise<readonly string[]> {
  const job = { backends, trust: keys, filter: {}, concurrency: 4, whole: true, retry: noRetry, ...calm }
  const lines: string[] = []
  for await (const one of survey({ ...job, includes: () => true, accepts: () => true })) {
    if (one.about === undefined) lines.push(`${one.backend} ${one.error.code}`)
    else {
      const demands = { optional: [], strict: false }
      const { artifact, rows } = await verifyOne(
        { ...one, backends, required: () => [] },
        { trust: keys, demands, ...calm },
      )
      lines.push(`${artifact} ${rows.map(({ backend, mark }) => `${backend} ${mark}`).join(', ')}`)
    }
  }
  return lines
}

async function stores(...names: readonly string[]): Promise<readonly Backend[]> {
  const settings = embedded()
  return Promise.all(names.map((name) => handle(name, settings)))
}

test.each([
  ['in another spelling', '~', { space: 1 }],
  ['that means something else', '*', { more: { extra: 1 } }],
])('a copy in a registry %s belongs to the run that a store led to', async (_, mark, how) => {
  const [gcs, oci] = await stores('gcs', 'oci')
  const run = ofTask('build')
  const about = aboutRun(run)
  await fill(gcs as Backend, [{ run, about, entry: await attestV1(run) }])
  await fill(oci as Backend, [{ run, about, entry: await attestV1(run, how) }])
  const first = mark === '~' ? '=' : mark
  expect(await surveyed([gcs as Backend, oci as Backend])).toEqual([
    `TaskRun ci-build (${run.uid}) gcs ${first}, oci ${mark}`,
  ])
})

test('one that names the run and lies beside another image is not passed over', async () => {
  const [gcs, oci] = await stores('gcs', 'oci')
  const [run, moved] = [ofTask('build'), ofTask('build', 'elsewhere')]
  await fill(gcs as Backend, [{ run, about: aboutRun(run), entry: await attestV1(run) }])
  await fill(oci as Backend, [
    { run, about: aboutRun(run), entry: await attestV1(run) },
    { run, about: aboutRun(moved), entry: await attestV1(moved) },
  ])
  expect(await surveyed([gcs as Backend, oci as Backend])).toHaveLength(2)
})

test('two spellings in one shared place are one artifact, of a run and of an image', async () => {
  const [oci] = await stores('oci')
  const run = ofTask('build')
  const image = imageOf(run)
  const signature = await signImage(image, by)
  const payload = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(signature.payload).toString()), null, 1))
  const again: Entry = { ...signature, payload, signatures: [{ sig: (await by.sign(payload)).sig }] }
  const copies = [await attestV1(run), await attestV1(run, { space: 1 })]
  await fill(
    oci as Backend,
    copies.map((entry) => ({ run, about: aboutRun(run), entry })),
  )
  await fill(
    oci as Backend,
    [signature, again].map((entry) => ({ run, about: aboutImage(image), entry })),
  )
  const lines = await surveyed([oci as Backend])
  expect(lines.toSorted()).toEqual([
    `TaskRun ${run.uid} oci ~`,
    `image registry.example/build@${image.image.digest} oci ~`,
  ])
})

test('a damaged copy is found by its own name from a copy that knows only the uid, or the image', async () => {
  const [docdb, gcs] = await stores('docdb', 'gcs')
  const run = ofTask('build')
  const other = await signer()
  const image = imageOf(run)
  const [about, ofImage] = [aboutRun(run), aboutImage(image)]
  await fill(docdb as Backend, [
    { run, about, entry: await attest(run, by) },
    { run, about: ofImage, entry: await signImage(image, by) },
  ])
  await fill(gcs as Backend, [
    { run, about, entry: await attest(run, other) },
    { run, about: ofImage, entry: await signImage(image, other) },
  ])
  for (const backends of [
    [docdb as Backend, gcs as Backend],
    [gcs as Backend, docdb as Backend],
  ]) {
    const lines = await surveyed(backends)
    const marks = backends.map(({ name }) => `${name} ${name === 'gcs' ? '#' : '='}`).join(', ')
    expect(lines.toSorted()).toEqual([
      `TaskRun ci-build (${run.uid}) ${marks}`,
      `image registry.example/build@${image.image.digest} ${marks}`,
    ])
  }
})

test('so is one of which only the name says for which image it is', async () => {
  const settings = embedded()
  const [docdb, gcs] = [await handle('docdb', settings), await handle('gcs', settings)]
  const run = ofTask('build')
  const image = imageOf(run)
  const items = [{ run, about: aboutImage(image), entry: await signImage(image, by) }]
  await fill(docdb, items)
  await fill(gcs, items)
  const folder = join(settings['storage.gcs.directory'] ?? '', 'taskrun-ci-build')
  writeFileSync(join(folder, `${image.image.digest.slice('sha256:'.length).slice(0, 12)}.payload`), 'no JSON')
  for (const backends of [
    [docdb, gcs],
    [gcs, docdb],
  ]) {
    const marks = backends.map(({ name }) => `${name} ${name === 'gcs' ? '#' : '='}`).join(', ')
    expect(await surveyed(backends)).toEqual([`image registry.example/build@${image.image.digest} ${marks}`])
  }
})

test('two copies that changed places are told in their places, once', async () => {
  const [docdb, gcs] = await stores('docdb', 'gcs')
  const runs = [ofTask('one'), ofTask('two')]
  const items = await Promise.all(runs.map(async (run) => ({ run, about: aboutRun(run), entry: await attestV1(run) })))
  await fill(docdb as Backend, items)
  await fill(
    gcs as Backend,
    items.map((item, i) => ({ ...item, entry: items[1 - i]?.entry ?? item.entry })),
  )
  for (const backends of [
    [docdb as Backend, gcs as Backend],
    [gcs as Backend, docdb as Backend],
  ]) {
    const marks = backends.map(({ name }) => `${name} ${name === 'gcs' ? '#' : '='}`).join(', ')
    expect((await surveyed(backends)).toSorted()).toEqual(
      runs.map(({ name, uid }) => `TaskRun ci-${name} (${uid}) ${marks}`),
    )
  }
})

test('an image that two runs made is to lie beside both, in whichever order', async () => {
  const [gcs, s3] = await stores('gcs', 's3')
  const [one, two] = [ofTask('one', 'app'), ofTask('two', 'app')]
  const items = await Promise.all(
    [one, two].map(async (run) => ({
      run,
      about: aboutImage(imageOf(run, 'app')),
      entry: await signImage(imageOf(run, 'app'), by),
    })),
  )
  await fill(gcs as Backend, items.slice(0, 1))
  await fill(s3 as Backend, items)
  for (const backends of [
    [gcs as Backend, s3 as Backend],
    [s3 as Backend, gcs as Backend],
  ]) {
    const lines = await surveyed(backends)
    expect(lines.map((line) => (line.includes('gcs +') ? 'gcs +' : 'all')).toSorted()).toEqual(['all', 'gcs +'])
  }
})

test('what Ctrl-C cut short is not told of', async () => {
  const stop = new AbortController()
  const server = createServer(() => stop.abort())
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up))
  const folder = scratch()
  const settings = {
    'storage.docdb.url': `sqlite:${join(folder, 'p.db')}`,
    'storage.oci.repository': `127.0.0.1:${(server.address() as AddressInfo).port}/app`,
  }
  const run = ofTask('build')
  await fill(await handle('docdb', settings), [{ run, about: aboutRun(run), entry: await attestV1(run) }])
  const [key, report] = [join(folder, 'key.pub'), join(folder, 'junit.xml')]
  writeFileSync(key, by.publicKey.export({ type: 'spki', format: 'pem' }))
  const sets = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const args = [
    'verify',
    '--all',
    '--storage',
    'docdb,oci',
    ...sets,
    '--key',
    key,
    '--json',
    '--output',
    `junit=${report}`,
  ]
  const { code, stdout } = await provHere(args, { signal: stop.signal })
  server.closeAllConnections()
  server.close()
  expect(code).toBe(130)
  expect(JSON.parse(stdout)).toMatchObject({ all: true, complete: false, artifacts: 0, codes: {} })
})

test('a run file says best whose an image signature is, in whichever order', async () => {
  const [folder, run] = [scratch(), ofTask('build')]
  const file = join(folder, 'run.json')
  writeFileSync(file, JSON.stringify(run.object))
  const settings = { ...embedded(), 'storage.tekton.file': file }
  const [gcs, tekton] = [await handle('gcs', settings), await handle('tekton', settings)]
  const image = imageOf(run)
  const item = { run, about: aboutImage(image), entry: await signImage(image, by) }
  await fill(gcs, [item])
  await fill(tekton, [item])
  const name = `image registry.example/build@${image.image.digest}`
  expect(await surveyed([gcs, tekton])).toEqual([`${name} gcs =, tekton =`])
  expect(await surveyed([tekton, gcs])).toEqual([`${name} tekton =, gcs =`])
})

test('a store that is down holds up no other, and is forgiven where it is optional', async () => {
  const folder = scratch()
  const settings = {
    'storage.docdb.url': `sqlite:${join(folder, 'p.db')}`,
    'storage.s3.bucket': 'copies',
    'storage.s3.endpoint': 'http://127.0.0.1:1',
    'storage.s3.region': 'eu-west-1',
  }
  const run = ofTask('build')
  await fill(await handle('docdb', settings), [{ run, about: aboutRun(run), entry: await attestV1(run) }])
  const key = join(folder, 'key.pub')
  writeFileSync(key, by.publicKey.export({ type: 'spki', format: 'pem' }))
  const sets = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const env = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' }
  const verify = (storage: string, ...more: string[]) =>
    provHere(['verify', '--all', '--json', '--storage', storage, ...sets, '--key', key, ...more], { env })
  const last = ({ stdout }: { readonly stdout: string }) => JSON.parse(stdout.trim().split('\n').at(-1) ?? '')

  const strict = await verify('docdb,s3')
  expect(strict.code).toBe(6)
  expect(last(strict)).toMatchObject({ marks: { docdb: { '=': 1 }, s3: { '!': 2 } }, complete: true })
  expect(strict.stdout).toContain('whatever s3 holds')
  const lenient = await verify('docdb,s3', '--optional', 's3')
  expect(lenient.code).toBe(0)
  expect(last(lenient)).toMatchObject({ marks: { docdb: { '=': 1 }, s3: { '!': 2 } }, codes: {} })
  expect((await verify('s3', '--optional', 's3')).code).toBe(6)
  expect((await verify('docdb,s3', '--optional', 's3', '--shard', '0/1')).code).toBe(6)
  const empty = ['--set', `storage.docdb.url=sqlite:${join(folder, 'empty.db')}`]
  expect((await verify('docdb,s3', '--optional', 's3', ...empty)).code).toBe(5)
})

test('a part of nothing is no success; one that came out empty is', async () => {
  const settings = embedded()
  const run = ofTask('build')
  await fill(await handle('s3', settings), [{ run, about: aboutRun(run), entry: await attestV1(run) }])
  const key = join(scratch(), 'key.pub')
  writeFileSync(key, by.publicKey.export({ type: 'spki', format: 'pem' }))
  const sets = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const exits = async (storage: string): Promise<readonly number[]> => {
    const args = ['verify', '--all', '--storage', storage, ...sets, '--key', key]
    const parts = [
      ['--shard', '0/2'],
      ['--shard', '1/2'],
      ['--sample', '0.000001%'],
    ]
    return Promise.all(parts.map(async (part) => (await provHere([...args, ...part])).code))
  }
  expect(await exits('s3')).toEqual([0, 0, 0])
  expect(await exits('gcs')).toEqual([5, 5, 5])
})
