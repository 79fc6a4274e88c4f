import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { findAccess } from '../../src/kubernetes/find.ts'
import { runPath, runReference } from '../../src/kubernetes/runs.ts'
import { expectCode } from '../conformance/checks.ts'
import { LEAF } from '../conformance/samples.ts'

const folder = mkdtempSync(join(tmpdir(), 'prov-kubeconfig-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const FULL = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'a',
  preferences: {},
  clusters: [
    { name: 'one', cluster: { server: 'https://one.example:6443/', 'certificate-authority': 'pki/ca.crt' } },
    {
      name: 'two',
      cluster: {
        server: 'https://10.0.0.2/k8s/clusters/c-1/',
        'certificate-authority-data': Buffer.from(LEAF).toString('base64'),
        'insecure-skip-tls-verify': true,
        'tls-server-name': 'api.two.example',
        'proxy-url': 'http://proxy.example:3128',
      },
    },
  ],
  users: [
    { name: 'token', user: { token: 'T0KEN', tokenFile: 'run/token', username: 'u', password: 'p' } },
    {
      name: 'cert',
      user: { 'client-certificate': '/etc/c.crt', 'client-key': 'c.key', as: 'jane', 'as-groups': ['dev'] },
    },
    {
      name: 'plugin',
      user: {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1',
          command: './bin/login',
          args: ['get', 8080],
          env: [{ name: 'A', value: 'b' }],
          interactiveMode: 'Never',
          provideClusterInfo: true,
          installHint: 'get it',
        },
      },
    },
  ],
  contexts: [
    { name: 'a', context: { cluster: 'one', user: 'token', namespace: 'ci' } },
    { name: 'b', context: { cluster: 'two', user: 'cert' } },
    { name: 'c', context: { cluster: 'two', user: 'plugin' } },
  ],
}

function file(name: string, content: unknown): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : stringify(content))
  return path
}

test('every member of a context is read; paths are relative to the file', async () => {
  const kubeconfig = file('full/config', FULL)
  const at = (path: string) => join(folder, 'full', path)
  expect(await findAccess({ kubeconfig, env: {} })).toEqual({
    context: 'a',
    server: 'https://one.example:6443',
    namespace: 'ci',
    insecure: false,
    ca: { file: at('pki/ca.crt') },
    user: { impersonate: {}, token: 'T0KEN', tokenFile: at('run/token'), username: 'u', password: 'p' },
  })
  expect(await findAccess({ kubeconfig, context: 'b', env: {} })).toEqual({
    context: 'b',
    server: 'https://10.0.0.2/k8s/clusters/c-1',
    namespace: 'default',
    insecure: true,
    ca: { pem: LEAF },
    serverName: 'api.two.example',
    proxyUrl: 'http://proxy.example:3128',
    user: {
      impersonate: { 'Impersonate-User': 'jane', 'Impersonate-Group': ['dev'] },
      certificate: { file: '/etc/c.crt' },
      key: { file: at('c.key') },
    },
  })
  expect((await findAccess({ kubeconfig, context: 'c', env: {} })).user.exec).toEqual({
    apiVersion: 'client.authentication.k8s.io/v1',
    command: at('bin/login'),
    args: ['get', '8080'],
    env: { A: 'b' },
    interactiveMode: 'Never',
    provideClusterInfo: true,
    installHint: 'get it',
  })
})

test('KUBECONFIG is a list: the first to say something counts, missing files are passed over; JSON is YAML', async () => {
  const first = file(
    'list/first',
    JSON.stringify({ clusters: [{ name: 'one', cluster: { server: 'https://first' } }] }),
  )
  const second = file('list/second', { ...FULL, 'current-context': 'c' })
  const third = file('list/third', { 'current-context': 'a', users: null })
  const access = await findAccess({ env: { KUBECONFIG: `${join(folder, 'gone')}:${first}::${second}:${third}` } })
  expect(access.context).toBe('c')
  const a = await findAccess({ context: 'a', env: { KUBECONFIG: `${first}:${second}` } })
  expect(a.server).toBe('https://first')
  const home = join(folder, 'home')
  file('home/.kube/config', FULL)
  expect((await findAccess({ env: { HOME: home } })).context).toBe('a')
  expect((await findAccess({ env: { HOME: home, KUBECONFIG: second } })).context).toBe('c')
  expect((await findAccess({ kubeconfig: second, env: { KUBECONFIG: first } })).context).toBe('c')
})

test('in a pod the service account counts, where there is no file', async () => {
  const serviceAccount = join(folder, 'sa')
  file('sa/namespace', 'builds\n')
  const env = { HOME: join(folder, 'nobody'), KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
  expect(await findAccess({ env, serviceAccount })).toEqual({
    context: 'the service account of this pod',
    server: 'https://[fd00::1]:443',
    namespace: 'builds',
    ca: { file: join(serviceAccount, 'ca.crt') },
    insecure: false,
    user: { tokenFile: join(serviceAccount, 'token'), impersonate: {} },
  })
  await expectCode(findAccess({ env, serviceAccount, context: 'a' }), 'config_invalid')
  await expectCode(findAccess({ env: { HOME: env.HOME }, serviceAccount }), 'config_invalid')
  await expectCode(findAccess({ env: { ...env, KUBECONFIG: join(folder, 'gone') }, serviceAccount }), 'config_invalid')
})

test.each([
  ['10.0.0.1:6443', {}, 'http://10.0.0.1:6443'],
  ['10.0.0.1:6443', { 'insecure-skip-tls-verify': true }, 'https://10.0.0.1:6443'],
  ['localhost:6443', { 'certificate-authority': 'ca.crt' }, 'https://localhost:6443'],
  ['one.example/k8s/c-1/', { 'certificate-authority': 'ca.crt' }, 'https://one.example/k8s/c-1'],
  ['[fd00::1]:6443', { 'certificate-authority': 'ca.crt' }, 'https://[fd00::1]:6443'],
  ['one', {}, 'http://one'],
])('a server without a scheme is taken as kubectl takes it: %s %o', async (server, more, wanted) => {
  const content = { ...FULL, clusters: [{ name: 'one', cluster: { server, ...more } }] }
  const kubeconfig = file(`scheme/${wanted.replace(/\W/g, '')}`, content)
  expect((await findAccess({ kubeconfig, env: {} })).server).toBe(wanted)
})

test('a client certificate says TLS as well', async () => {
  const content = { ...FULL, clusters: [{ name: 'one', cluster: { server: 'one:6443' } }] }
  content.contexts = FULL.contexts.map((context) => ({
    ...context,
    context: { cluster: 'one', user: 'cert' },
  })) as never
  const kubeconfig = file('scheme/cert', content)
  expect((await findAccess({ kubeconfig, env: {} })).server).toBe('https://one:6443')
})

test('what is wrong is said with the file and without a secret', async () => {
  const user = (more: object) => ({ ...FULL, users: [{ name: 'token', user: { token: 'T0KEN', ...more } }] })
  const cluster = (more: object) => ({
    ...FULL,
    clusters: [{ name: 'one', cluster: { server: 'https://x', ...more } }],
  })
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'x' }
  const bad: readonly (readonly [unknown, RegExp])[] = [
    ['a: [', /is not valid YAML at line/],
    ['[]', /names no current context/],
    [{ ...FULL, 'current-context': 'z' }, /has no context "z"/],
    [{ ...FULL, 'current-context': undefined }, /names no current context/],
    [{ ...FULL, clusters: [] }, /names no cluster that is there/],
    [{ ...FULL, users: 'T0KEN' }, /names no user that is there/],
    [cluster({ server: 'ftp://one:6443' }), /is not an https URL/],
    [cluster({ server: 'u:T0KEN@one:6443' }), /is not an https URL/],
    [cluster({ server: '' }), /is not an https URL/],
    [cluster({ server: 'https://u:T0KEN@x' }), /is not an https URL/],
    [cluster({ 'certificate-authority-data': 'T0KEN' }), /not base64 of PEM/],
    [user({ 'client-key-data': 'T0KEN' }), /client-key-data is not base64 of PEM/],
    [user({ 'auth-provider': { name: 'gcp' } }), /auth-provider "gcp", which Kubernetes gave up/],
    [user({ 'auth-provider': { name: 'oidc' } }), /auth-provider "oidc", which prov does not have/],
    [user({ 'auth-provider': { name: 'mine' } }), /auth-provider "mine", which prov does not have/],
    [user({ exec: { ...exec, apiVersion: 'client.authentication.k8s.io/v1alpha1' } }), /unknown apiVersion/],
    [user({ exec: { ...exec, command: '' } }), /names no command/],
    [user({ exec: { ...exec, interactiveMode: 'Sometimes' } }), /unknown interactiveMode/],
  ]
  for (const [i, [content, message]] of bad.entries()) {
    const kubeconfig = file(`bad/${i}`, content)
    const error = await expectCode(findAccess({ kubeconfig, env: {} }), 'config_invalid')
    expect(error.message).toMatch(message)
    expect(error.message).toContain(kubeconfig)
    expect(`${error.message} ${error.hint}`).not.toContain('T0KEN')
  }
  await expectCode(findAccess({ kubeconfig: join(folder, 'gone'), env: {} }), 'config_invalid')
  await expectCode(findAccess({ kubeconfig: folder, env: {} }), 'config_invalid')
})

test('a run of the cluster is named as for kubectl; what can only be a file is none', () => {
  for (const text of ['taskrun/a', 'tr/a', 'taskruns/a', 'TaskRun/a', 'taskruns.tekton.dev/a']) {
    expect(runReference(text)).toEqual({ kind: 'TaskRun', name: 'a' })
  }
  for (const text of ['pipelinerun/a.b-9', 'pr/a.b-9']) {
    expect(runReference(text)).toEqual({ kind: 'PipelineRun', name: 'a.b-9' })
  }
  for (const text of [
    'a',
    'pod/a',
    'tr/run.yaml',
    'pr/x.json',
    './tr/a',
    'tr/a/b',
    'tr/',
    'tr/A',
    'tr/../x',
    'tr/-a',
    '-',
  ]) {
    expect(runReference(text)).toBeUndefined()
  }
  expect(runPath('PipelineRun', 'a/b', '..%2f')).toBe('/apis/tekton.dev/v1/namespaces/a%2Fb/pipelineruns/..%252f')
  expect(runPath('TaskRun')).toBe('/apis/tekton.dev/v1/taskruns')
})
