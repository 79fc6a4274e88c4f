import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { annotationBytes, TOTAL_LIMIT } from '../../backends/tekton/layout.ts'
import type { Slot } from '../../src/backend/backend.ts'
import { loadFromCluster } from '../../src/input/cluster.ts'
import { runsOf } from '../../src/input/runs.ts'
import { type ClusterOptions, openCluster } from '../../src/kubernetes/cluster.ts'
import type { RunArtifact } from '../../src/model/artifact.ts'
import { calm, expectCode, look } from '../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../conformance/samples.ts'
import { describeWith } from '../servers/endpoints.ts'
import { type Api, pathOf, realApi } from '../support/kubernetes-api.ts'
import { kubeconfig, liveBackend } from '../support/live-run.ts'
import { testFolder } from '../support/tekton.ts'

const IMAGE = sampleImage('registry.example/acme/app', 'app')
let api: Api

function cluster(options: Partial<ClusterOptions>) {
  return openCluster({
    env: {},
    timeoutMs: 20_000,
    now: Date.now,
    random: (size) => new Uint8Array(size),
    debug: () => {},
    ...options,
  })
}

/** The name of the run, read with these credentials. */
async function readWith(options: Partial<ClusterOptions>, run: RunArtifact): Promise<unknown> {
  const opened = cluster(options)
  try {
    const where = { operation: 'get', location: run.name }
    const { signal } = new AbortController()
    const object = await opened.call({ method: 'GET', path: pathOf(run), where, signal })
    return (object['metadata'] as { name: string }).name
  } finally {
    opened.close()
  }
}

/** A service account that may do `verbs` to TaskRuns of the namespace, and a token of it. */
async function serviceAccount(name: string, verbs: readonly string[]): Promise<string> {
  const { namespace: ns } = api
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}`
  const group = 'rbac.authorization.k8s.io'
  await api.call('POST', `/api/v1/namespaces/${ns}/serviceaccounts`, { metadata: { name } })
  await api.call('POST', `${rbac}/roles`, {
    metadata: { name },
    rules: [{ apiGroups: ['tekton.dev'], resources: ['taskruns'], verbs }],
  })
  await api.call('POST', `${rbac}/rolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: group, kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: ns }],
  })
  const path = `/api/v1/namespaces/${ns}/serviceaccounts/${name}/token`
  const { status } = await api.call('POST', path, { spec: { audiences: [] } })
  return String(status?.['token'])
}

describeWith(['kube-apiserver'], 'a real API server', () => {
  beforeAll(async () => {
    api = await realApi()
  })

  test('every kind of credentials is let in, and a wrong one is denied', async () => {
    const run = await api.create(sampleRun('x', IMAGE))
    const ca = { 'certificate-authority-data': Buffer.from(api.ca).toString('base64') }
    for (const context of ['token', 'cert']) {
      expect(await readWith({ kubeconfig: api.kubeconfig, context }, run)).toBe(run.name)
    }
    const folder = testFolder()
    writeFileSync(join(folder, 'token'), api.token)
    const tokenFile = kubeconfig(api.url, { tokenFile: join(folder, 'token') }, ca)
    expect(await readWith({ kubeconfig: tokenFile }, run)).toBe(run.name)

    const status = { token: api.token, expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString() }
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status }
    writeFileSync(join(folder, 'login'), `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`)
    chmodSync(join(folder, 'login'), 0o755)
    const exec = { apiVersion: credential.apiVersion, command: join(folder, 'login'), interactiveMode: 'Never' }
    expect(await readWith({ kubeconfig: kubeconfig(api.url, { exec }, ca) }, run)).toBe(run.name)

    const wrong = kubeconfig(api.url, { token: 'wrong' }, ca)
    await expectCode(readWith({ kubeconfig: wrong }, run), 'denied')
    const skipped = kubeconfig(api.url, { token: api.token }, { 'insecure-skip-tls-verify': true })
    expect(await readWith({ kubeconfig: skipped }, run)).toBe(run.name)
  })

  test('a server with another certificate than expected is not spoken to', async () => {
    const run = await api.create(sampleRun('x', IMAGE))
    const user = { token: api.token }
    const error = await expectCode(readWith({ kubeconfig: kubeconfig(api.url, user) }, run), 'unreachable')
    expect(error.hint).toMatch(/certificate-authority/)
    const ca = { 'certificate-authority-data': Buffer.from(api.ca).toString('base64') }
    const other = kubeconfig(api.url, user, { ...ca, 'tls-server-name': 'other.example' })
    await expectCode(readWith({ kubeconfig: other }, run), 'unreachable')
    const localhost = kubeconfig(api.url, user, { ...ca, 'tls-server-name': 'localhost' })
    expect(await readWith({ kubeconfig: localhost }, run)).toBe(run.name)
  })

  test('the service account of a pod may do what its role allows, and is denied the rest', async () => {
    const run = await api.create(sampleRun('x', IMAGE))
    const folder = join(testFolder(), 'sa')
    mkdirSync(folder)
    writeFileSync(join(folder, 'ca.crt'), api.ca)
    writeFileSync(join(folder, 'namespace'), api.namespace)
    writeFileSync(join(folder, 'token'), await serviceAccount('reader', ['get']))
    const { hostname, port } = new URL(api.url)
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port, HOME: folder }
    expect(await readWith({ env, serviceAccount: folder }, run)).toBe(run.name)
    expect((await cluster({ env, serviceAccount: folder }).access()).namespace).toBe(api.namespace)

    const ca = { 'certificate-authority-data': Buffer.from(api.ca).toString('base64') }
    const backend = liveBackend(kubeconfig(api.url, { tokenFile: join(folder, 'token') }, ca))
    const slot = backend.slots(aboutOf('dsse', run, IMAGE))[0] as Slot
    expect(await look(backend, slot)).toEqual([])
    const error = await expectCode(backend.put(slot, sampleEntry('dsse', run, IMAGE), calm()), 'denied')
    expect(error.message).toMatch(/reader.*cannot patch resource/)
    await expectCode(readWith({ env, serviceAccount: folder }, { ...run, kind: 'PipelineRun' }), 'denied')
    writeFileSync(join(folder, 'token'), await serviceAccount('writer', ['get', 'patch']))
    const writer = liveBackend(kubeconfig(api.url, { tokenFile: join(folder, 'token') }, ca))
    expect((await writer.put(slot, sampleEntry('dsse', run, IMAGE), calm())).outcome).toBe('written')
    await backend.close()
    await writer.close()
  })

  test('twenty writers at once on one run lose nothing, also beside a stranger', async () => {
    const run = await api.create(sampleRun('x', IMAGE))
    const images = Array.from({ length: 20 }, (_, i) => sampleImage('registry.example/acme/app', `image ${i}`))
    const backends = images.map(() => liveBackend(api.kubeconfig))
    const stranger = (async () => {
      for (let i = 0; i < 10; i++) await api.annotate(run, { [`stranger.example/${i}`]: 'kept' })
    })()
    const outcomes = await Promise.all(
      images.map(async (image, i) => {
        const backend = backends[i]
        const slot = backend?.slots(aboutOf('raw', run, image))[0] as Slot
        return (await backend?.put(slot, sampleEntry('raw', run, image), calm()))?.outcome
      }),
    )
    await stranger
    expect(outcomes).toEqual(images.map(() => 'written'))
    const reader = liveBackend(api.kubeconfig)
    for (const image of images) {
      expect(await look(reader, reader.slots(aboutOf('raw', run, image))[0] as Slot)).toHaveLength(1)
    }
    const names = Object.keys(await api.annotations(run))
    expect(names.filter((name) => name.startsWith('stranger.example/'))).toHaveLength(10)
    expect(names.filter((name) => name.startsWith('chains.tekton.dev/'))).toHaveLength(80)
    for (const backend of [...backends, reader]) await backend.close()
  })

  test('the limit is the very byte of the server: 262144 is written, 262145 refused before it is sent', async () => {
    for (const over of [0, 1]) {
      const run = await api.create(sampleRun('x', IMAGE))
      const backend = liveBackend(api.kubeconfig)
      const slot = backend.slots(aboutOf('dsse', run, IMAGE))[0] as Slot
      const entry = sampleEntry('dsse', run, IMAGE)
      const own = backend.size(slot, entry)
      const there = annotationBytes(await api.annotations(run))
      // Counted in bytes: an umlaut is two.
      const room = TOTAL_LIMIT - own - there - 'filler'.length + over
      await api.annotate(run, { filler: 'ü'.repeat(10) + 'x'.repeat(room - 20) })
      const put = backend.put(slot, entry, calm())
      if (over === 0) expect((await put).outcome).toBe('written')
      else expect((await expectCode(put, 'entry_too_large')).message).toContain('262145')
      expect(annotationBytes(await api.annotations(run))).toBe(over === 0 ? TOTAL_LIMIT : TOTAL_LIMIT + 1 - own)
      // The server draws the line at the same byte.
      const more = api.annotate(run, { x: 'x'.repeat(over === 0 ? 0 : own - 1) })
      await expect(more).rejects.toThrow(/may not be more than 262144/)
      await backend.close()
    }
  })

  test('a run made anew under the same name is not written to', async () => {
    const old = await api.create(sampleRun('x', IMAGE))
    const backend = liveBackend(api.kubeconfig)
    const slot = backend.slots(aboutOf('dsse', old, IMAGE))[0] as Slot
    await api.call('DELETE', pathOf(old))
    await expectCode(backend.put(slot, sampleEntry('dsse', old, IMAGE), calm()), 'run_not_found')
    const young = await api.create(sampleRun('x', IMAGE), old.name)
    expect(young.uid).not.toBe(old.uid)
    const error = await expectCode(backend.put(slot, sampleEntry('dsse', old, IMAGE), calm()), 'run_not_found')
    expect(error.message).toContain(young.uid)
    expect(Object.keys(await api.annotations(young)).filter((name) => name.startsWith('chains'))).toEqual([])
    await backend.close()
  })

  test('a run that is being deleted still takes its copies', async () => {
    const run = await api.create(sampleRun('x', IMAGE))
    await api.call('PATCH', pathOf(run), { metadata: { finalizers: ['chains.tekton.dev/taskrun'] } })
    await api.call('DELETE', pathOf(run))
    const backend = liveBackend(api.kubeconfig)
    const slot = backend.slots(aboutOf('dsse', run, IMAGE))[0] as Slot
    expect((await backend.put(slot, sampleEntry('dsse', run, IMAGE), calm())).outcome).toBe('written')
    await backend.seal?.(run, calm())
    expect((await api.annotations(run))['chains.tekton.dev/signed']).toBe('true')
    await backend.close()
  })

  test('a PipelineRun is read with its TaskRuns; one that has gone is said', async () => {
    const child = await api.create(sampleRun('x', IMAGE))
    const reference = (name: string, kind = 'TaskRun') => ({
      apiVersion: 'tekton.dev/v1',
      kind,
      name,
      pipelineTaskName: 'a',
    })
    const status = { childReferences: [reference(child.name), reference('gone'), reference('wait', 'CustomRun')] }
    const object = { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata: {}, spec: {}, status }
    const parent = await api.create({ kind: 'PipelineRun', object })
    const opened = cluster({ kubeconfig: api.kubeconfig })
    const options = { namespace: api.namespace, ...calm() }
    const references = [
      { kind: 'PipelineRun', name: parent.name },
      { kind: 'TaskRun', name: child.name },
    ] as const
    const { placed, notes } = await loadFromCluster(references, opened, options)
    expect(notes).toEqual([expect.stringContaining('TaskRun gone')])
    const { runs } = runsOf(placed)
    expect(runs.map((run) => run.uid)).toEqual([parent.uid, child.uid])
    expect(runs[0]?.children.map((run) => run.uid)).toEqual([child.uid])
    const { url: server, namespace } = api
    expect(runs[1]?.source?.cluster).toEqual({ server, namespace, name: child.name })
    expect(JSON.stringify(runs)).not.toContain('managedFields')
    const gone = loadFromCluster([{ kind: 'TaskRun', name: 'gone' }], opened, options)
    expect((await expectCode(gone, 'run_not_found')).location).toBe(`cluster:${namespace}/taskrun/gone`)
    opened.close()
  })
})
