import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openCluster } from '../../src/kubernetes/cluster.ts'
import { expectCode } from '../conformance/checks.ts'
import { fakeApi, type Rule, status } from '../support/fake-kubernetes-api.ts'
import { kubeconfig } from '../support/live-run.ts'
import { testFolder } from '../support/tekton.ts'

const where = { operation: 'get', location: 'x' }

async function scene(user: object, cluster: object = {}, rule?: Rule) {
  const api = await fakeApi()
  api.use(rule ?? (() => ({ status: 200, body: {} })))
  let clock = Date.now()
  const config = kubeconfig(api.url, user, cluster)
  const opened = openCluster({
    kubeconfig: config,
    env: { PATH: process.env['PATH'], INHERITED: 'yes' },
    timeoutMs: 10_000,
    now: () => clock,
    random: (size) => new Uint8Array(size),
    debug: () => {},
  })
  const call = (signal = new AbortController().signal) => opened.call({ method: 'GET', path: '/x', where, signal })
  const wait = (ms: number) => {
    clock += ms
  }
  const logins = () => api.seen.map(({ headers }) => headers.authorization)
  return { api, call, wait, logins, config }
}

test('a token, a name with a password, and whom to impersonate go into the headers', async () => {
  const token = await scene({ token: 'T0KEN', as: 'jane', 'as-groups': ['dev', 'ops'] })
  await token.call()
  expect(token.api.seen[0]?.headers).toMatchObject({ authorization: 'Bearer T0KEN', 'impersonate-user': 'jane' })
  expect(token.api.seen[0]?.headers['impersonate-group']).toBe('dev, ops')
  const basic = await scene({ username: 'jane', password: 'pa:ss' })
  await basic.call()
  expect(basic.logins()).toEqual([`Basic ${Buffer.from('jane:pa:ss').toString('base64')}`])
  const none = await scene({})
  await none.call()
  expect(none.logins()).toEqual([undefined])
})

test('a token file counts before a token, and is read again when it is old or was refused', async () => {
  const file = join(testFolder(), 'token')
  writeFileSync(file, 'first\n')
  const { api, call, wait, logins } = await scene({ token: 'no', tokenFile: file })
  await call()
  writeFileSync(file, 'second')
  await call()
  wait(10_001)
  await call()
  expect(logins()).toEqual(['first', 'first', 'second'].map((token) => `Bearer ${token}`))
  writeFileSync(file, 'third')
  api.use(({ headers }) =>
    headers.authorization === 'Bearer third' ? { status: 200, body: {} } : status(401, 'Unauthorized'),
  )
  await call()
  expect(logins().slice(3)).toEqual(['Bearer second', 'Bearer third'])
  writeFileSync(file, 'two\nlines')
  wait(10_001)
  await expectCode(call(), 'config_invalid')
})

/** A plugin in shell that counts how often it is asked, and keeps what it was told. */
function plugin(body: string, more: object = {}) {
  const folder = testFolder()
  const command = join(folder, 'login')
  writeFileSync(
    command,
    `#!/bin/sh\necho x >>${folder}/asked\nprintf '%s' "$KUBERNETES_EXEC_INFO" >${folder}/info\n${body}\n`,
  )
  chmodSync(command, 0o755)
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'IfAvailable', ...more }
  return {
    exec,
    folder,
    asked: () => (existsSync(join(folder, 'asked')) ? readFileSync(join(folder, 'asked'), 'utf8').length / 2 : 0),
    info: () => JSON.parse(readFileSync(join(folder, 'info'), 'utf8')) as object,
  }
}

const credential = (status: object, version = 'v1') =>
  `echo '${JSON.stringify({ apiVersion: `client.authentication.k8s.io/${version}`, kind: 'ExecCredential', status })}'`

test('a plugin is asked once, with its arguments and variables, until its credential expires', async () => {
  for (const version of ['v1', 'v1beta1']) {
    const expirationTimestamp = new Date(Date.now() + 60_000).toISOString()
    const one = plugin(
      `[ "$1$A$INHERITED" = getbyes ] || exit 9\n${credential({ token: 'FROM-PLUGIN', expirationTimestamp }, version)}`,
      { apiVersion: `client.authentication.k8s.io/${version}`, args: ['get'], env: [{ name: 'A', value: 'b' }] },
    )
    const { api, call, wait, logins, config } = await scene({ exec: one.exec })
    await Promise.all([call(), call(), call()])
    expect(logins()).toEqual(Array(3).fill('Bearer FROM-PLUGIN'))
    expect(one.asked()).toBe(1)
    expect(one.info()).toEqual({
      kind: 'ExecCredential',
      apiVersion: `client.authentication.k8s.io/${version}`,
      spec: { interactive: false },
    })
    // Input and storage of one command are two connections.
    const more = { env: { PATH: process.env['PATH'], INHERITED: 'yes' }, timeoutMs: 1000, now: Date.now }
    const second = openCluster({ kubeconfig: config, ...more, random: (n) => new Uint8Array(n), debug: () => {} })
    await second.call({ method: 'GET', path: '/x', where, signal: new AbortController().signal })
    expect(one.asked()).toBe(1)
    wait(55_000)
    await call()
    expect(one.asked()).toBe(2)
    expect(api.seen).toHaveLength(5)
  }
})

test('a credential without an end is asked for again when the server refuses it, once', async () => {
  const one = plugin(credential({ token: 'OLD' }), { provideClusterInfo: true })
  const { api, call } = await scene({ exec: one.exec }, { 'tls-server-name': 'x' })
  await call()
  api.use(() => status(401, 'Unauthorized'))
  await expectCode(call(), 'denied')
  expect([one.asked(), api.seen.length]).toEqual([2, 3])
  expect(one.info()).toMatchObject({ spec: { cluster: { server: api.url, 'tls-server-name': 'x' } } })
})

test('a plugin that fails in any way is denied, and quoted in nothing', async () => {
  const token = { token: 'T0KEN' }
  const cases: readonly (readonly [object, RegExp])[] = [
    [plugin('echo T0KEN; echo T0KEN >&2; exit 3').exec, /login failed \(3\)/],
    [plugin('echo T0KEN').exec, /answered no credential/],
    [plugin(credential(token, 'v1beta1')).exec, /answered no credential/],
    [plugin(credential({})).exec, /answered no credential/],
    [plugin(credential({ token: 'a\u0000b' })).exec, /answered no credential/],
    [plugin('head -c 2000000 /dev/zero; sleep 30').exec, /too much output/],
    [plugin(credential(token), { interactiveMode: 'Always' }).exec, /needs a terminal/],
    [{ ...plugin('').exec, command: 'no-such-program-here' }, /is not there/],
  ]
  for (const [exec, message] of cases) {
    const { call, api } = await scene({ exec })
    const error = await expectCode(call(), 'denied')
    expect(error.message).toMatch(message)
    expect(`${error.message}${error.hint}`).not.toContain('T0KEN')
    expect(api.seen).toEqual([])
  }
  const { call } = await scene({
    exec: { ...plugin('').exec, command: 'no-such-program-here', installHint: 'get it\nhere' },
  })
  expect((await expectCode(call(), 'denied')).hint).toBe('get it here')
})

test('an abort ends the plugin and what it has started', async () => {
  const one = plugin('sleep 300 & echo $! >"$(dirname "$0")/pid"; wait')
  const { call } = await scene({ exec: one.exec })
  const stop = new AbortController()
  const calling = call(stop.signal)
  const pid = join(one.folder, 'pid')
  while (!existsSync(pid) || readFileSync(pid, 'utf8') === '') await new Promise((r) => setTimeout(r, 20))
  stop.abort()
  await expectCode(calling, 'aborted')
  const alive = () => {
    try {
      return process.kill(Number(readFileSync(pid, 'utf8')), 0)
    } catch {
      return false
    }
  }
  for (let i = 0; i < 100 && alive(); i++) await new Promise((r) => setTimeout(r, 20))
  expect(alive()).toBe(false)
})

test('credentials go over TLS or to this machine, and through no proxy that is not understood', async () => {
  const open = (server: string, cluster: object = {}, env: Readonly<Record<string, string>> = {}) =>
    openCluster({
      kubeconfig: kubeconfig(server, { token: 'T0KEN' }, cluster),
      env,
      timeoutMs: 200,
      now: Date.now,
      random: (size) => new Uint8Array(size),
      debug: () => {},
    }).call({ method: 'GET', path: '/x', where, signal: new AbortController().signal })
  expect((await expectCode(open('http://kube.example'), 'config_invalid')).message).toMatch(/without TLS/)
  const socks = { 'proxy-url': 'socks5://127.0.0.1:1080' }
  expect((await expectCode(open('https://kube.example', socks), 'config_invalid')).message).toMatch(/proxy/)
  const asked: string[] = []
  const proxy = createServer().on('connect', ({ url = '' }, socket) => {
    asked.push(url)
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening))
  onTestFinished(() => void proxy.close())
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  await expectCode(open('https://kube.invalid', { 'proxy-url': url }), 'unreachable')
  await expectCode(open('https://two.invalid', {}, { HTTPS_PROXY: url }), 'unreachable')
  expect([...new Set(asked)]).toEqual(['kube.invalid:443', 'two.invalid:443'])
  await expectCode(open('https://kube.invalid', { 'certificate-authority': '/nonexistent' }), 'config_invalid')
})
