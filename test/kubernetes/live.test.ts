import { expect, test } from 'vitest'
import type { Slot } from '../../src/backend/backend.ts'
import { openCluster } from '../../src/kubernetes/cluster.ts'
import { calm, collect, expectCode } from '../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../conformance/samples.ts'
import { type FakeApi, fakeApi, next, status } from '../support/fake-kubernetes-api.ts'
import { kubeconfig, liveBackend, place } from '../support/live-run.ts'

const IMAGE = sampleImage('registry.example/acme/app', 'app')
const OTHER = sampleImage('registry.example/acme/other', 'other')
const SIGNED = 'chains.tekton.dev/signed'

async function scene(annotations: Readonly<Record<string, string>> = {}) {
  const api = await fakeApi()
  const run = sampleRun('build-1', IMAGE)
  const path = place(api, run, annotations)
  const config = kubeconfig(api.url)
  const backend = liveBackend(config)
  const slot = backend.slots(aboutOf('dsse', run, IMAGE))[0] as Slot
  return { api, run, path, config, backend, slot, entry: sampleEntry('dsse', run, IMAGE) }
}

const patches = (api: FakeApi) => api.seen.filter(({ method }) => method === 'PATCH')

function annotationsAt(api: FakeApi, path: string): Readonly<Record<string, string>> {
  return api.objects.get(path)?.metadata.annotations ?? {}
}

test('what is written is one merge patch that names uid and resourceVersion, and nothing but annotations', async () => {
  const { api, run, path, backend, slot, entry } = await scene({ mine: 'kept' })
  const receipt = await backend.put(slot, entry, calm())
  expect(receipt.location).toBe(`cluster:ci/taskrun/build-1#chains.tekton.dev/signature-taskrun-${run.uid}`)
  const [patch, ...more] = patches(api)
  expect(more).toEqual([])
  expect(patch?.path).toBe(`${path}?fieldManager=prov`)
  expect(patch?.headers['content-type']).toBe('application/merge-patch+json')
  const body = JSON.parse(patch?.body ?? '') as { metadata: { annotations: object } }
  expect(body).toEqual({ metadata: { uid: run.uid, resourceVersion: '1', annotations: expect.any(Object) } })
  expect(Object.keys(body.metadata.annotations).sort()).toEqual(
    ['cert', 'chain', 'payload', 'signature'].map((part) => `chains.tekton.dev/${part}-taskrun-${run.uid}`),
  )
  expect(annotationsAt(api, path)).toMatchObject({ mine: 'kept' })
})

test('puts of one object that meet are one patch', async () => {
  const { api, run, path, backend, slot, entry } = await scene()
  const images = [IMAGE, OTHER].map((image) => ({
    slot: backend.slots(aboutOf('raw', run, image))[0] as Slot,
    entry: sampleEntry('raw', run, image),
  }))
  const receipts = await Promise.all(
    [{ slot, entry }, ...images].map((one) => backend.put(one.slot, one.entry, calm())),
  )
  expect(receipts.map(({ outcome }) => outcome)).toEqual(['written', 'written', 'written'])
  expect(patches(api)).toHaveLength(1)
  expect(Object.keys(annotationsAt(api, path))).toHaveLength(12)
})

test('a change that comes in between is seen, and kept', async () => {
  const { api, path, backend, slot, entry } = await scene()
  let meddled = 0
  api.use(({ method }) => {
    const object = api.objects.get(path)
    if (method !== 'PATCH' || object === undefined || meddled === 2) return undefined
    const annotations = { ...object.metadata.annotations, [`theirs-${++meddled}`]: 'kept' }
    api.objects.set(path, { ...object, metadata: { ...object.metadata, annotations, resourceVersion: next(object) } })
    return undefined
  })
  expect((await backend.put(slot, entry, calm())).outcome).toBe('written')
  expect(patches(api)).toHaveLength(3)
  expect(annotationsAt(api, path)).toMatchObject({ 'theirs-1': 'kept', 'theirs-2': 'kept' })
})

test('a run that was deleted and made anew is not written to, also when that happens in between', async () => {
  const { api, path, backend, slot, entry, run } = await scene()
  api.use(({ method }) => {
    const object = api.objects.get(path)
    if (method !== 'PATCH' || object === undefined) return undefined
    api.objects.set(path, { ...object, metadata: { ...object.metadata, uid: 'another', resourceVersion: '900' } })
    return undefined
  })
  const error = await expectCode(backend.put(slot, entry, calm()), 'run_not_found')
  expect(error).toMatchObject({ backend: 'tekton', message: expect.stringMatching(/deleted.*uid another/) })
  expect(annotationsAt(api, path)).toEqual({})
  await expectCode(backend.get(slot, calm()), 'run_not_found')
  await expectCode(backend.seal?.(run, calm()) ?? Promise.resolve(), 'run_not_found')
  api.objects.delete(path)
  await expectCode(backend.put(slot, entry, calm()), 'run_not_found')
})

test('the mark is written over whatever stands there, once; a run that Chains has signed is completed', async () => {
  for (const before of [{}, { [SIGNED]: 'failed' }, { [SIGNED]: 'true' }]) {
    const { api, path, run, backend, slot, entry } = await scene(before)
    expect((await backend.put(slot, entry, calm())).outcome).toBe('written')
    expect(annotationsAt(api, path)[SIGNED]).toBe(before[SIGNED])
    await backend.seal?.(run, calm())
    await backend.seal?.(run, calm())
    expect(annotationsAt(api, path)[SIGNED]).toBe('true')
    expect(patches(api)).toHaveLength(before[SIGNED] === 'true' ? 1 : 2)
  }
})

test('the plan counts what everybody wrote, once it has been seen; the write counts again', async () => {
  const { api, path, backend, slot, entry } = await scene({ theirs: 'x'.repeat(262_144 - 6 - 1_000) })
  expect(backend.size(slot, entry)).toBeGreaterThan(1_000)
  await backend.get(slot, calm())
  await expectCode(() => backend.size(slot, entry), 'entry_too_large')
  const error = await expectCode(backend.put(slot, entry, calm()), 'entry_too_large')
  expect(error.hint).toMatch(/--optional tekton/)
  expect(patches(api)).toEqual([])
  expect(Object.keys(annotationsAt(api, path))).toEqual(['theirs'])
})

test('of several writes that meet, the one that does not fit fails alone', async () => {
  const { backend, run, slot, entry } = await scene({ theirs: 'x'.repeat(250_000) })
  const image = backend.slots(aboutOf('raw', run, IMAGE))[0] as Slot
  const large = sampleEntry('dsse', run, IMAGE, 'x'.repeat(9_000))
  const [a, b] = await Promise.allSettled([
    backend.put(slot, large, calm()),
    backend.put(image, sampleEntry('raw', run, IMAGE), calm()),
  ])
  expect(a).toMatchObject({ status: 'rejected', reason: { code: 'entry_too_large' } })
  expect(b).toMatchObject({ status: 'fulfilled', value: { outcome: 'written' } })
  expect((await backend.put(slot, entry, calm())).outcome).toBe('written')
})

test('what the server says of the limit is that code too, and nothing of the object is quoted', async () => {
  const { api, backend, slot, entry } = await scene()
  const causes = [{ reason: 'FieldValueTooLong', field: 'metadata.annotations', message: 'Too long: SECRET' }]
  api.use(({ method }) =>
    method === 'PATCH' ? status(422, 'Invalid', { message: 'SECRET', details: { causes } }) : undefined,
  )
  const error = await expectCode(backend.put(slot, entry, calm()), 'entry_too_large')
  expect(JSON.stringify([error.message, error.hint])).not.toContain('SECRET')
  api.use(({ method }) => (method === 'PATCH' ? status(413, 'RequestEntityTooLarge') : undefined))
  await expectCode(backend.put(slot, entry, calm()), 'entry_too_large')
  const etcd = { status: 500, body: { kind: 'Status', message: 'etcdserver: request is too large', code: 500 } }
  api.use(({ method }) => (method === 'PATCH' ? etcd : undefined))
  await expectCode(backend.put(slot, entry, calm()), 'entry_too_large')
})

test('an answer that was lost after the write is found out, not written twice', async () => {
  const { api, path, backend, slot, entry } = await scene()
  let first = true
  api.use((seen) => {
    if (seen.method !== 'PATCH' || !first) return undefined
    first = false
    const object = api.objects.get(path)
    const { metadata } = JSON.parse(seen.body) as { metadata: { annotations: Record<string, string> } }
    if (object === undefined) return undefined
    const changed = { ...object.metadata, annotations: metadata.annotations, resourceVersion: next(object) }
    api.objects.set(path, { ...object, metadata: changed })
    return 'cut'
  })
  expect((await backend.put(slot, entry, calm())).outcome).toBe('unchanged')
  expect(await backend.get(slot, calm())).toHaveLength(1)
})

test('a run from another cluster than the one configured is refused', async () => {
  const { api, run, config } = await scene()
  const source = { file: 'x', document: 0, cluster: { server: 'https://other:6443', namespace: 'ci', name: run.name } }
  const backend = liveBackend(config, { 'storage.tekton.cluster': 'false' })
  const slot = backend.slots(aboutOf('dsse', { ...run, source }, IMAGE))[0] as Slot
  expect(slot.address).toMatchObject({ server: 'https://other:6443', namespace: 'ci', name: 'build-1' })
  await expectCode(backend.get(slot, calm()), 'usage')
  expect(api.seen).toEqual([])
})

test('a run from a file stays in its file, and a file that is named counts before the cluster', async () => {
  const { run, config } = await scene()
  const inFile = { ...run, source: { file: 'run.yaml', document: 0 } }
  const off = { 'storage.tekton.cluster': 'false' }
  expect(liveBackend(config, off).slots(aboutOf('dsse', inFile, IMAGE))[0]?.address['file']).toBe('run.yaml')
  expect(liveBackend(config).slots(aboutOf('dsse', inFile, IMAGE))[0]?.address['file']).toBe(
    'cluster:ci/taskrun/build-1',
  )
  const cluster = { server: 'http://x', namespace: 'ci', name: 'build-1' }
  const live = { ...run, source: { file: 'cluster:ci/taskrun/build-1', document: 0, cluster } }
  const named = liveBackend(config, { ...off, 'storage.tekton.file': 'own.yaml' })
  expect(named.slots(aboutOf('dsse', live, IMAGE))[0]?.address['file']).toBe('own.yaml')
  expect(() => liveBackend(config, { 'storage.tekton.file': 'own.yaml' })).toThrow(/exclude each other/)
})

test('the list goes page by page, both kinds, one namespace or all', async () => {
  const { api, backend } = await scene()
  for (let i = 0; i < 230; i++) {
    const run = { ...sampleRun(`many-${i}`, IMAGE), namespace: i % 2 === 0 ? 'ci' : 'other' }
    const name = `taskrun-${run.uid}`
    place(api, run, { [`chains.tekton.dev/signature-${name}`]: 'AA==', [`chains.tekton.dev/payload-${name}`]: 'AA==' })
  }
  expect(await collect(backend.list?.({}, calm()) ?? none())).toHaveLength(230)
  const lists = api.seen.map(({ path }) => path)
  expect(lists.filter((path) => path.includes('/taskruns?limit='))).toHaveLength(3)
  expect(lists.filter((path) => path.includes('/pipelineruns?limit='))).toHaveLength(1)
  expect(api.seen[0]?.headers.accept).toContain('PartialObjectMetadataList')
  const some = await collect(backend.list?.({ namespace: 'other' }, calm()) ?? none())
  expect(some).toHaveLength(115)
  expect(some[0]?.address).toMatchObject({ namespace: 'other' })
})

async function* none(): AsyncIterable<never> {}

test('statuses have their codes; only a refusal is quoted; what may heal is tried again', async () => {
  const api = await fakeApi()
  const lines: string[] = []
  const cluster = openCluster({
    kubeconfig: kubeconfig(api.url),
    env: {},
    timeoutMs: 300,
    now: Date.now,
    random: (size) => new Uint8Array(size),
    debug: (line) => lines.push(line),
  })
  const where = { operation: 'get', location: 'x' }
  const call = () => cluster.call({ method: 'GET', path: '/x', where, signal: new AbortController().signal })
  const cases = [
    [status(401, 'Unauthorized'), 'denied', 1],
    [status(403, 'Forbidden', { message: 'User "jane" cannot get resource' }), 'denied', 1],
    [status(404, 'NotFound'), 'run_not_found', 1],
    [{ status: 404, body: '404 page not found\n' }, 'not_supported', 1],
    [status(409, 'Conflict'), 'conflict', 1],
    [status(410, 'Expired'), 'conflict', 1],
    [status(422, 'Invalid'), 'response_invalid', 1],
    [{ ...status(429, 'TooManyRequests'), headers: { 'retry-after': '0' } }, 'throttled', 3],
    [{ ...status(429, 'TooManyRequests'), headers: { 'retry-after': '60' } }, 'throttled', 1],
    [status(500, 'InternalError', { message: 'SECRET' }), 'server_error', 3],
    [status(504, 'Timeout'), 'timed_out', 2],
    [{ status: 302, headers: { location: 'http://elsewhere' } }, 'response_invalid', 1],
    [{ status: 200, body: '[]' }, 'response_invalid', 1],
    [{ status: 200, body: '{"a":' }, 'response_invalid', 1],
    ['cut', 'unreachable', 3],
    ['hang', 'timed_out', 2],
  ] as const
  for (const [answer, code, tries] of cases) {
    const before = api.seen.length
    api.use(() => answer)
    const error = await expectCode(call(), code)
    expect([code, api.seen.length - before]).toEqual([code, tries])
    expect(error.message).not.toMatch(/SECRET|Status/)
    if (code === 'throttled') expect(error.retryAfterMs).toBe(tries === 1 ? 60_000 : 0)
  }
  api.use(() => status(403, 'Forbidden', { message: 'User "jane" cannot get resource' }))
  expect((await expectCode(call(), 'denied')).message).toContain('User "jane" cannot get resource')
  let left = 2
  api.use(() => (left-- > 0 ? status(503, 'ServiceUnavailable') : { status: 200, body: { ok: true } }))
  expect(await call()).toEqual({ ok: true })
  cluster.close()
  expect(lines.every((line) => /^GET http:\/\/127\.0\.0\.1:\d+\/x \d+$/.test(line))).toBe(true)
})
