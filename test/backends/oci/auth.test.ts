import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseChallenges } from '../../../backends/oci/registry/challenge.ts'
import { runCredentialHelper } from '../../../backends/oci/registry/credential-helper.ts'
import { dockerCredentials } from '../../../backends/oci/registry/docker-config.ts'
import { baseUrls, hostPolicy, isForbidden, isLoopback, normalHost } from '../../../backends/oci/registry/hosts.ts'
import { type Answer, reply, serve } from '../../support/fake-registry.ts'
import { calm, failsWith, remote } from '../../support/remote-registry.ts'
import { scratch } from '../../support/scratch.ts'

const TAG = 'v1'
const SECRET = 'pl4nted-s3cret'

/** A registry that takes one bearer token, and names `realm` to get it. */
function bearerRegistry(realm: () => string, token: () => string, challenge = ''): Answer {
  return (request, response) => {
    if (request.headers.authorization === `Bearer ${token()}`) return reply(response, 200, {}, '{}')
    const header = `${challenge}Bearer realm="${realm()}",service="the, service",scope="repository:a/b:pull"`
    return reply(
      response,
      401,
      { 'www-authenticate': header },
      JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'no' }] }),
    )
  }
}

test('a token is fetched anonymously, once for many calls, and again when it has expired', async () => {
  let valid = 'one'
  const tokens = await serve((_, response) => reply(response, 200, {}, JSON.stringify({ token: valid, expires_in: 1 })))
  const fake = await serve(
    bearerRegistry(
      () => `http://${tokens.host}/token`,
      () => valid,
    ),
  )
  const registry = remote()
  await Promise.all(Array.from({ length: 10 }, () => registry.getManifest(`${fake.host}/a/b`, TAG, calm())))
  expect(tokens.seen).toHaveLength(1)
  expect(tokens.seen[0]?.authorization).toBeUndefined()
  expect(tokens.seen[0]?.line).toBe('GET /token?service=the%2C+service&scope=repository%3Aa%2Fb%3Apull')
  valid = 'two'
  await registry.getManifest(`${fake.host}/a/b`, TAG, calm())
  expect(tokens.seen).toHaveLength(2)
})

test('access_token alone will do, writes ask for pull,push, and the token is printed nowhere', async () => {
  const tokens = await serve((_, response) => reply(response, 200, {}, JSON.stringify({ access_token: SECRET })))
  const fake = await serve(
    bearerRegistry(
      () => `http://${tokens.host}/token`,
      () => SECRET,
    ),
  )
  const debug: string[] = []
  const registry = remote({ debug: (line) => void debug.push(line) })
  await registry.putManifest(`${fake.host}/a/b`, TAG, Buffer.from('{}'), 'x/y', calm()).catch(() => undefined)
  expect(tokens.seen[0]?.line).toContain('pull%2Cpush')
  expect(debug.join()).not.toContain(SECRET)
})

test('Basic credentials go to the token service', async () => {
  const tokens = await serve((_, response) => reply(response, 200, {}, JSON.stringify({ token: 't' })))
  const fake = await serve(
    bearerRegistry(
      () => `http://${tokens.host}/token`,
      () => 't',
    ),
  )
  const registry = remote({ credentials: async () => ({ username: 'prov', password: 'pässwörd' }) })
  await registry.getManifest(`${fake.host}/a/b`, TAG, calm())
  expect(tokens.seen[0]?.authorization).toBe(`Basic ${Buffer.from('prov:pässwörd').toString('base64')}`)
})

test('an identity token goes as a refresh token, in a POST', async () => {
  const tokens = await serve((_, response) => reply(response, 200, {}, JSON.stringify({ access_token: 't' })))
  const fake = await serve(
    bearerRegistry(
      () => `http://${tokens.host}/token`,
      () => 't',
    ),
  )
  await remote({ credentials: async () => ({ identityToken: SECRET }) }).getManifest(`${fake.host}/a/b`, TAG, calm())
  expect(tokens.seen[0]?.line).toBe('POST /token')
  const form = new URLSearchParams(tokens.seen[0]?.body)
  expect(Object.fromEntries(form)).toMatchObject({
    grant_type: 'refresh_token',
    refresh_token: SECRET,
    service: 'the, service',
  })
})

test('of several challenges the right one is taken', async () => {
  const tokens = await serve((_, response) => reply(response, 200, {}, JSON.stringify({ token: 't' })))
  const fake = await serve(
    bearerRegistry(
      () => `http://${tokens.host}/token`,
      () => 't',
      'Negotiate, Basic realm="x", ',
    ),
  )
  expect(await remote().getManifest(`${fake.host}/a/b`, TAG, calm())).toBeDefined()
  expect(parseChallenges('Basic realm="a \\"b\\"", Bearer realm=https://x/y, service=z')).toEqual([
    { scheme: 'basic', parameters: { realm: 'a "b"' } },
    { scheme: 'bearer', parameters: { realm: 'https://x/y', service: 'z' } },
  ])
  expect(parseChallenges('Negotiate')).toEqual([{ scheme: 'negotiate', parameters: {} }])
  expect(parseChallenges(', ,,= "')).toEqual([])
  expect(parseChallenges('')).toEqual([])
})

test.each([
  'https://169.254.169.254/token',
  'http://registry.example.com/token',
  'ftp://x/token',
  'https://user@example.com/token',
  'nowhere',
])('a realm that must not see credentials: %s', async (realm) => {
  const fake = await serve(
    bearerRegistry(
      () => realm,
      () => 't',
    ),
  )
  let asked = 0
  const credentials = async () => {
    asked++
    return { username: 'prov', password: SECRET }
  }
  const error = await failsWith(
    realm === 'nowhere' ? 'response_invalid' : 'host_refused',
    remote({ credentials }).getManifest(`${fake.host}/a/b`, TAG, calm()),
  )
  expect(error.message).not.toContain(SECRET)
  expect(asked).toBe(0)
})

test('a token service that fails is told by its status alone', async () => {
  const tokens = await serve((request, response) =>
    reply(
      response,
      403,
      {},
      JSON.stringify({ errors: [{ code: 'X', message: `you sent ${request.headers.authorization} and ${SECRET}` }] }),
    ),
  )
  const fake = await serve(
    bearerRegistry(
      () => `http://${tokens.host}/token`,
      () => 't',
    ),
  )
  const credentials = async () => ({ username: 'prov', password: SECRET })
  const error = await failsWith('denied', remote({ credentials }).getManifest(`${fake.host}/a/b`, TAG, calm()))
  expect(error.message).toBe(`the token service ${tokens.host} answered 403`)
  const odd = await serve((_, response) => reply(response, 200, {}, JSON.stringify({ [SECRET]: SECRET })))
  const other = await serve(
    bearerRegistry(
      () => `http://${odd.host}/token`,
      () => 't',
    ),
  )
  const none = await failsWith('denied', remote().getManifest(`${other.host}/a/b`, TAG, calm()))
  expect(`${none.message} ${none.cause}`).not.toContain(SECRET)
})

test('a wrong password is denied after one try', async () => {
  const fake = await serve((_, response) => reply(response, 401, { 'www-authenticate': 'Basic realm="r"' }))
  await failsWith(
    'denied',
    remote({ credentials: async () => ({ username: 'a', password: 'b' }) }).getManifest(`${fake.host}/a`, TAG, calm()),
  )
  expect(fake.seen).toHaveLength(2)
  const error = await failsWith('denied', remote().getManifest(`${fake.host}/a`, TAG, calm()))
  expect(error.hint).toContain('docker login')
})

function config(json: unknown): Record<string, string> {
  const folder = scratch()
  writeFileSync(join(folder, 'config.json'), typeof json === 'string' ? json : JSON.stringify(json))
  return { DOCKER_CONFIG: folder }
}

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') })
const query = (host: string, repository = 'a/b') => ({ host, repository, ...calm() })

test('docker config: auths in all spellings of a host', async () => {
  const env = config({
    auths: {
      'https://index.docker.io/v1/': auth('hub:pw'),
      'ghcr.io': { username: 'u', password: 'p:q' },
      'https://quay.io/v2/': auth('quay:pw:with:colons'),
      'localhost:5000': { identitytoken: 'idt' },
      'shared.example.com/team': auth('team:1'),
      'shared.example.com': auth('all:2'),
      'empty.example.com': {},
      'REG.example.com': auth('upper:case'),
    },
  })
  const find = dockerCredentials({ env, names: () => false, runHelper: async () => undefined })
  expect(await find(query('index.docker.io'))).toEqual({ username: 'hub', password: 'pw' })
  expect(await find(query('ghcr.io'))).toEqual({ username: 'u', password: 'p:q' })
  expect(await find(query('quay.io'))).toEqual({ username: 'quay', password: 'pw:with:colons' })
  expect(await find(query('localhost:5000'))).toEqual({ identityToken: 'idt' })
  expect(await find(query('shared.example.com', 'team/app'))).toEqual({ username: 'team', password: '1' })
  expect(await find(query('shared.example.com', 'teams/app'))).toEqual({ username: 'all', password: '2' })
  expect(await find(query('reg.example.com'))).toEqual({ username: 'upper', password: 'case' })
  expect(await find(query('empty.example.com'))).toBeUndefined()
  expect(await find(query('other.example.com'))).toBeUndefined()
  expect(await find(query('localhost'))).toBeUndefined()
})

test('docker config: helpers, and the catch-all store only for hosts that somebody named', async () => {
  const env = config({
    auths: { 'in-auths.example.com': {} },
    credHelpers: { 'gcr.io': 'gcloud' },
    credsStore: 'desktop',
  })
  const asked: string[] = []
  const runHelper = async (name: string, server: string) => {
    asked.push(`${name} ${server}`)
    return { username: 'u', password: 'p' }
  }
  const { names } = hostPolicy('named.example.com,index.docker.io', undefined)
  const find = dockerCredentials({ env, names, runHelper })
  expect(await find(query('gcr.io'))).toBeDefined()
  expect(await find(query('in-auths.example.com'))).toBeDefined()
  expect(await find(query('named.example.com'))).toBeDefined()
  expect(await find(query('index.docker.io'))).toBeDefined()
  expect(await find(query('attacker.example.com'))).toBeUndefined()
  expect(asked).toEqual([
    'gcloud gcr.io',
    'desktop in-auths.example.com',
    'desktop named.example.com',
    'desktop https://index.docker.io/v1/',
  ])
})

test('docker config: absent, elsewhere, and broken', async () => {
  const options = { names: () => true, runHelper: async () => undefined }
  expect(await dockerCredentials({ ...options, env: {} })(query('ghcr.io'))).toBeUndefined()
  const { DOCKER_CONFIG: folder = '' } = config({ auths: { 'ghcr.io': auth('a:b') } })
  const home = scratch()
  mkdirSync(join(home, '.docker'))
  writeFileSync(join(home, '.docker', 'config.json'), JSON.stringify({ auths: { 'ghcr.io': auth('home:b') } }))
  expect(await dockerCredentials({ ...options, env: { HOME: home } })(query('ghcr.io'))).toMatchObject({
    username: 'home',
  })
  expect(
    await dockerCredentials({ ...options, env: { HOME: home, DOCKER_CONFIG: folder } })(query('ghcr.io')),
  ).toMatchObject({ username: 'a' })
  expect(
    await dockerCredentials({ ...options, env: { REGISTRY_AUTH_FILE: join(folder, 'config.json') } })(query('ghcr.io')),
  ).toMatchObject({ username: 'a' })
  for (const broken of [
    `{"auths": {"ghcr.io": {"auth": "${SECRET}"`,
    '[]',
    JSON.stringify({ auths: { 'ghcr.io': { auth: Buffer.from(SECRET).toString('base64') } } }),
  ]) {
    const error = await failsWith(
      'config_invalid',
      dockerCredentials({ ...options, env: config(broken) })(query('ghcr.io')),
    )
    expect(`${error.message}${error.cause}`).not.toContain(SECRET)
  }
})

test('a credential helper is run by its name, bounded in time, and its output is never shown', async () => {
  const folder = scratch()
  const helper = (name: string, body: string) => {
    writeFileSync(join(folder, `docker-credential-${name}`), `#!/bin/sh\n${body}\n`)
    chmodSync(join(folder, `docker-credential-${name}`), 0o755)
  }
  const env = { PATH: `${folder}:${process.env['PATH']}` }
  const run = (name: string, ms = 5000) => runCredentialHelper(name, 'ghcr.io', query('ghcr.io'), env, ms)
  helper('echo', 'read -r server; printf \'{"ServerURL":"%s","Username":"u","Secret":"%s"}\' "$server" "$1-$server"')
  expect(await run('echo')).toEqual({ username: 'u', password: 'get-ghcr.io' })
  helper('idt', 'printf \'{"Username":"<token>","Secret":"t"}\'')
  expect(await run('idt')).toEqual({ identityToken: 't' })
  helper('none', 'echo "credentials not found in native keychain"; exit 1')
  expect(await run('none')).toBeUndefined()
  helper('fails', `echo "${SECRET}"; echo "${SECRET}" >&2; exit 3`)
  helper('odd', `echo "${SECRET}"`)
  helper('floods', 'yes')
  helper('hangs', 'exec sleep 30')
  for (const [name, ms] of [
    ['fails', 5000],
    ['odd', 5000],
    ['floods', 5000],
    ['hangs', 150],
    ['missing', 5000],
  ] as const) {
    const error = await failsWith('denied', run(name, ms))
    expect(`${error.message}${error.hint}${error.cause}`).not.toContain(SECRET)
  }
  await failsWith('config_invalid', run('../../bin/sh'))
})

test('hosts: one spelling, loopback, and what is never contacted', () => {
  expect(normalHost('Registry.Example.com:443')).toBe('registry.example.com')
  expect(normalHost('docker.io')).toBe('index.docker.io')
  expect(normalHost('[::1]:5000')).toBe('[::1]:5000')
  for (const bad of ['a b', 'user@host', 'host/path', 'host:', 'git+https:', 'host:99999', ''])
    expect(normalHost(bad)).toBeUndefined()
  for (const name of ['127.0.0.1', '127.9.9.9', 'localhost', 'x.localhost', '[::1]', '::ffff:127.0.0.1'])
    expect(isLoopback(name)).toBe(true)
  for (const name of ['128.0.0.1', 'localhost.example.com', 'notlocalhost']) expect(isLoopback(name)).toBe(false)
  for (const name of [
    '169.254.169.254',
    '[fe80::1]',
    '::ffff:169.254.1.1',
    '0.0.0.0',
    'metadata.google.internal',
    'metadata.google.internal.',
    '100.100.100.200',
  ]) {
    expect(isForbidden(name)).toBe(true)
  }
  for (const name of ['10.0.0.1', '192.168.1.1', 'example.com', '127.0.0.1']) expect(isForbidden(name)).toBe(false)
})

test('hosts: the allow-list', () => {
  const listed = hostPolicy('ghcr.io, *.example.com,localhost:5000', 'own.io')
  for (const host of ['ghcr.io', 'r.example.com', 'a.b.example.com', 'localhost:5000', 'own.io'])
    expect(listed.admits(host)).toBe(true)
  for (const host of ['example.com', 'evil-example.com', 'r.example.com:8443', 'ghcr.io.evil.com', 'localhost:5001'])
    expect(listed.admits(host)).toBe(false)
  const free = hostPolicy(undefined, undefined)
  expect(free.admits('anywhere.io')).toBe(true)
  expect(free.names('anywhere.io')).toBe(false)
  expect(free.admits('169.254.169.254')).toBe(false)
  expect(hostPolicy('169.254.169.254', '169.254.169.254').admits('169.254.169.254')).toBe(false)
})

test('hosts: plain http on loopback, and elsewhere only with the setting', () => {
  const urls = (host: string, insecure = false, tls = false) =>
    baseUrls(host, { insecure, tls }).map((url) => url.protocol)
  expect(urls('localhost:5000')).toEqual(['http:'])
  expect(urls('localhost:5000', false, true)).toEqual(['https:', 'http:'])
  expect(urls('10.0.0.1:5000')).toEqual(['https:'])
  expect(urls('10.0.0.1:5000', true)).toEqual(['https:', 'http:'])
  expect(baseUrls('index.docker.io', { insecure: false, tls: false }).map(String)).toEqual([
    'https://registry-1.docker.io/',
  ])
})
