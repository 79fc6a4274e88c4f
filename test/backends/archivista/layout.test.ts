import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { open } from '../../../backends/archivista/backend.ts'
import { foundOf, gitoidOf, slotsOf, uploadOf } from '../../../backends/archivista/layout.ts'
import { decodeEnvelope } from '../../../src/model/envelope.ts'
import { calm, expectCode } from '../../conformance/checks.ts'
import { aboutOf, LEAF, ROOT, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { fakeArchivista } from '../../support/archivista-server.ts'
import { testContext } from '../../support/context.ts'
import { startProxy } from '../../support/proxy.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)
const about = aboutOf('dsse', run, image)

test("the gitoid is git's own blob id", () => {
  expect(gitoidOf(Buffer.from(''))).toBe('473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813')
  const folder = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim()
  onTestFinished(() => void execFileSync('rm', ['-r', folder]))
  execFileSync('git', ['init', '-q', '--object-format=sha256', folder])
  const id = execFileSync('git', ['-C', folder, 'hash-object', '--stdin'], { input: 'größer', encoding: 'utf8' })
  expect(gitoidOf(Buffer.from('größer'))).toBe(id.trim())
})

test("an envelope that Chains stored is uploaded byte for byte, and is go-witness's envelope", () => {
  const files = readdirSync('fixtures/stored/gcs', { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.signature'),
  )
  const envelopes = files.map((name) => readFileSync(join('fixtures/stored/gcs', name))).filter((b) => b[0] === 0x7b)
  expect(envelopes.length).toBeGreaterThan(0)
  for (const envelope of envelopes) {
    const upload = uploadOf(decodeEnvelope(new Uint8Array(envelope)))
    expect(Buffer.from(upload).equals(envelope)).toBe(true)
    const json = JSON.parse(envelope.toString())
    expect(Object.keys(json).sort()).toEqual(['payload', 'payloadType', 'signatures'])
    expect(foundOf('at', new Uint8Array(envelope), gitoidOf(envelope)).entry?.payload.length).toBeGreaterThan(100)
  }
})

test("certificates travel as in go-witness's encoding: members in its order, a newline at the end", () => {
  const entry = sampleEntry('dsse', run, image, 'c', { certificate: LEAF, chain: ROOT + LEAF })
  const upload = Buffer.from(uploadOf(entry)).toString()
  expect(upload).toMatch(/^\{"payload":"[^"]+","payloadType":"[^"]+","signatures":\[\{"keyid":"[^"]+","sig":/)
  expect(upload.endsWith('\n')).toBe(true)
  const [signature] = JSON.parse(upload).signatures
  expect(Buffer.from(signature.certificate, 'base64').toString()).toBe(LEAF)
  expect(signature.intermediates.map((one: string) => Buffer.from(one, 'base64').toString())).toEqual([ROOT, LEAF])
})

test('nothing that could not be found again has a place', () => {
  expect(slotsOf({ ...about, subjects: [] }, 'http://a')).toEqual([])
  expect(slotsOf(aboutOf('raw', run, image), 'http://a')).toEqual([])
  const twice = { ...about, subjects: [...about.subjects, ...about.subjects] }
  expect(slotsOf(twice, 'http://a')).toEqual(slotsOf(about, 'http://a'))
  const other = { name: 'b', digest: { sha256: 'b'.repeat(64) } }
  const both = slotsOf({ ...about, subjects: [other, ...about.subjects] }, 'http://a')
  expect(both).toEqual(slotsOf({ ...about, subjects: [...about.subjects, other] }, 'http://a'))
})

test('a server that names another gitoid than that of the bytes is not believed', async () => {
  const server = await fakeArchivista()
  const proxy = await startProxy(server.endpoint, ({ path }) =>
    path === '/upload' ? { tamper: () => Buffer.from(JSON.stringify({ gitoid: 'a'.repeat(64) })) } : undefined,
  )
  const backend = open(testContext({ 'storage.archivista.url': `http://${proxy.endpoint}/` }))
  onTestFinished(async () => {
    await backend.close()
    await proxy.close()
    await server.close()
  })
  const [slot] = backend.slots(about)
  if (slot === undefined) throw new Error('no slot')
  await expectCode(backend.put(slot, sampleEntry('dsse', run, image), calm()), 'response_invalid')
  proxy.use(undefined)
  const receipt = await backend.put(slot, sampleEntry('dsse', run, image, 'two'), calm())
  expect(receipt.location).toMatch(/^http:\/\/[^/]+\/download\/[0-9a-f]{64}$/)
  expect(server.objects.has(receipt.location.slice(-64))).toBe(true)
})

test('more envelopes about one subject than a page holds are all found', async () => {
  const server = await fakeArchivista({ pageSize: 2 })
  const backend = open(testContext({ 'storage.archivista.url': `http://${server.endpoint}` }))
  onTestFinished(async () => {
    await backend.close()
    await server.close()
  })
  const [slot] = backend.slots(about)
  if (slot === undefined) throw new Error('no slot')
  const notes = ['1', '2', '3', '4', '5']
  for (const note of notes) await backend.put(slot, sampleEntry('dsse', run, image, note), calm())
  expect(await backend.get(slot, calm())).toHaveLength(notes.length)
})

test('without a URL it is a configuration error', () => {
  expect(() => open(testContext()).slots(about)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
})
