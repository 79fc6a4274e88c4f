/** Private keys, passwords and tokens are planted everywhere, and no output, receipt, error or debug line shows one, whatever fails. */
import { randomBytes } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeWith, registry } from '../servers/endpoints.ts'
import { type Outcome, prov } from '../support/cli.ts'
import { type Action, type Rule, type Seen, startProxy } from '../support/proxy.ts'
import { freshName } from '../support/registry.ts'
import { type RunWithImage, runWithImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { newKey } from '../support/stage.ts'

const secret = (what: string): string => `planted-${what}-${randomBytes(9).toString('hex')}`

const PLANTED = {
  'password of the key': secret('key-password'),
  'wrong password': secret('wrong-password'),
  'registry password': secret('registry-password'),
  'identity token': secret('identity-token'),
  'bearer token': secret('bearer-token'),
  'secret of the credential helper': secret('helper-secret'),
  'password in a URL': secret('url-password'),
} as const
type Secret = keyof typeof PLANTED

/** Names of all secrets that a text shows, plain or in base64; of key files any 24 characters in a row. */
let shown: (text: string) => readonly string[]
let cosignKey: string
let plainKey: string

const bodyOf = (pem: string): string => pem.replaceAll(/-----[^-]*-----|\s/g, '')

beforeAll(async () => {
  const cwd = scratch()
  const made = await prov(['keys', 'generate', '--verbose'], {
    cwd,
    env: { COSIGN_PASSWORD: PLANTED['password of the key'] },
  })
  expect(made.code, made.stderr).toBe(0)
  cosignKey = join(cwd, 'cosign.key')
  plainKey = newKey().private
  const bodies = {
    'encrypted key': bodyOf(readFileSync(cosignKey, 'utf8')),
    'plain key': bodyOf(readFileSync(plainKey, 'utf8')),
  }
  shown = (text) => {
    const flat = text.replaceAll(/\s/g, '')
    const keys = Object.entries(bodies).filter(([, body]) =>
      Array.from({ length: Math.floor(body.length / 24) }, (_, i) => body.slice(i * 24, i * 24 + 24)).some((part) =>
        flat.includes(part),
      ),
    )
    const words = Object.entries(PLANTED).filter(([, word]) =>
      [word, encodeURIComponent(word), ...base64Forms(word)].some((form) => flat.includes(form)),
    )
    return [...keys, ...words].map(([name]) => name)
  }
  expect(shown(made.stdout + made.stderr)).toEqual([])
})

/** base64 depends on where in the text the word begins; the middle of it, on nothing else. */
function base64Forms(word: string): readonly string[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.from(' '.repeat(offset) + word).toString('base64')
    return text.slice(4, text.length - 4 - (text.length % 4))
  })
}

it('finds a secret in whatever form it is shown', () => {
  for (const [name, word] of Object.entries(PLANTED)) {
    expect(shown(`x ${word} y`)).toEqual([name])
    for (const before of ['', 'u', 'us', 'user:']) {
      expect(shown(Buffer.from(`${before}${word}:more`).toString('base64'))).toEqual([name])
    }
  }
  expect(shown(readFileSync(cosignKey, 'utf8'))).toEqual(['encrypted key'])
  expect(shown(JSON.stringify(readFileSync(plainKey, 'utf8').split('\n').slice(1, 2)))).toEqual(['plain key'])
})

interface Login {
  readonly auths?: object
  readonly credHelpers?: object
}

/** A docker config of its own; returns the environment that names it. */
function login(config: Login | string): Readonly<Record<string, string>> {
  const folder = scratch()
  writeFileSync(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config))
  return { DOCKER_CONFIG: folder }
}

const basicAuth = Buffer.from(`user:${PLANTED['registry password']}`).toString('base64')

const logins = {
  basic: (host: string) => login({ auths: { [host]: { auth: basicAuth } } }),
  'identity token': (host: string) =>
    login({
      auths: { [host]: { auth: Buffer.from('user:').toString('base64'), identitytoken: PLANTED['identity token'] } },
    }),
  helper: (host: string) => {
    const bin = scratch()
    const program = join(bin, 'docker-credential-planted')
    writeFileSync(
      program,
      `#!/bin/sh\nprintf '{"ServerURL":"%s","Username":"user","Secret":"%s"}' x ${PLANTED['secret of the credential helper']}\n`,
    )
    chmodSync(program, 0o755)
    return { ...login({ credHelpers: { [host]: 'planted' } }), PATH: `${bin}:${process.env['PATH'] ?? ''}` }
  },
  'a helper that fails': (host: string) => {
    const bin = scratch()
    const program = join(bin, 'docker-credential-planted')
    writeFileSync(
      program,
      `#!/bin/sh\necho ${PLANTED['secret of the credential helper']}; echo ${PLANTED['secret of the credential helper']} >&2; exit 1\n`,
    )
    chmodSync(program, 0o755)
    return { ...login({ credHelpers: { [host]: 'planted' } }), PATH: `${bin}:${process.env['PATH'] ?? ''}` }
  },
  'a config that is not valid JSON': () =>
    login(`{"auths": {"x": {"auth": "${basicAuth}", ${PLANTED['identity token']}`),
} as const

/** A registry behind a token server, both at this endpoint. */
function tokenServer(endpoint: string, granted: Action): Rule {
  return ({ path, headers }: Seen) => {
    if (path.startsWith('/token')) return granted
    if (headers.authorization === `Bearer ${PLANTED['bearer token']}`) return undefined
    return { status: 401, headers: { 'www-authenticate': `Bearer realm="http://${endpoint}/token",service="test"` } }
  }
}

const granted = { status: 200, body: JSON.stringify({ token: PLANTED['bearer token'] }) }

/** Tells the client all that it said, as a careless server does. */
const echo =
  (status: number): Rule =>
  ({ headers, path }) => ({
    status,
    headers: {
      'x-echo': headers.authorization ?? '',
      'www-authenticate': `Basic realm="${headers.authorization ?? 'test'}"`,
    },
    body: JSON.stringify({
      errors: [{ code: 'DENIED', message: `${path} ${JSON.stringify(headers)} ${Object.values(PLANTED).join(' ')}` }],
    }),
  })

const wantsBasic: Rule = ({ headers }) =>
  headers.authorization === undefined
    ? { status: 401, headers: { 'www-authenticate': 'Basic realm="test"' } }
    : undefined

const basicThen =
  (then: Rule): Rule =>
  (seen) =>
    wantsBasic(seen) ?? then(seen)

interface Scenario {
  readonly what: string
  readonly exit: number
  readonly login?: keyof typeof logins
  readonly rule?: (endpoint: string) => Rule
  readonly args?: readonly string[]
  readonly env?: () => Readonly<Record<string, string>>
  readonly key?: () => string
  readonly password?: Secret
}

const SCENARIOS: readonly Scenario[] = [
  { what: 'all is well, with a password in docker config', exit: 0, login: 'basic', rule: () => wantsBasic },
  { what: 'all is well, through a token server', exit: 0, login: 'basic', rule: (at) => tokenServer(at, granted) },
  {
    what: 'all is well, with an identity token',
    exit: 0,
    login: 'identity token',
    rule: (at) => tokenServer(at, granted),
  },
  { what: 'all is well, with a credential helper', exit: 0, login: 'helper', rule: () => wantsBasic },
  { what: 'all is well, with a plain key', exit: 0, key: () => plainKey },
  {
    what: 'all is well, with a key in the environment',
    exit: 0,
    key: () => 'env://THE_KEY',
    env: () => ({ THE_KEY: readFileSync(plainKey, 'utf8') }),
  },
  { what: 'the credential helper fails', exit: 7, login: 'a helper that fails', rule: () => wantsBasic },
  {
    what: 'docker config is not valid JSON',
    exit: 2,
    login: 'a config that is not valid JSON',
    rule: () => wantsBasic,
  },
  ...([401, 403, 404, 429, 500] as const).map(
    (status): Scenario => ({
      what: `the registry answers ${status} and repeats what it was told`,
      exit: 7,
      login: 'basic',
      rule: () => basicThen(echo(status)),
      args: ['--set', 'storage.retries=0'],
    }),
  ),
  {
    what: 'the token server answers 403 and repeats what it was told',
    exit: 7,
    login: 'identity token',
    rule: (at) => tokenServer(at, { status: 403, body: Object.values(PLANTED).join(' ') }),
  },
  {
    what: 'the token server answers no JSON',
    exit: 7,
    login: 'identity token',
    rule: (at) => tokenServer(at, { status: 200, body: `${PLANTED['bearer token']} ${PLANTED['identity token']}` }),
  },
  { what: 'the password of the key is wrong', exit: 2, password: 'wrong password' },
  { what: 'the key is cut short', exit: 2, key: () => changedKey((text) => text.slice(0, text.length / 2)) },
  { what: 'the key is altered', exit: 2, key: () => changedKey((text) => text.replace(/.(?=.{20}\n)/, '!')) },
  { what: 'the key itself is given as its name', exit: 2, key: () => readFileSync(plainKey, 'utf8') },
  { what: 'the private key is given to build on', exit: 2, args: ['--verify-key', 'PLAIN'] },
  {
    what: 'a password is named on the command line as a setting',
    exit: 2,
    args: ['--set', `storage.docdb.mongo-server-url=mongodb://user:${PLANTED['password in a URL']}@localhost/`],
  },
  {
    what: 'the repository is a URL with a password',
    exit: 2,
    args: ['--set', `storage.oci.repository=https://user:${PLANTED['password in a URL']}@localhost/app`],
  },
  {
    what: 'the HTTP proxy is a URL with a password',
    exit: 7,
    env: () => ({
      HTTP_PROXY: `http://user:${PLANTED['password in a URL']}@127.0.0.1:1`,
      HTTPS_PROXY: `http://user:${PLANTED['password in a URL']}@127.0.0.1:1`,
    }),
    args: ['--set', 'storage.oci.repository=registry.invalid/app', '--set', 'storage.retries=0', '--timeout', '5'],
  },
  {
    what: 'the HTTP proxy is nothing Node understands',
    exit: 2,
    env: () => ({ HTTPS_PROXY: `socks9://user:${PLANTED['password in a URL']}@127.0.0.1:1` }),
    args: ['--set', 'storage.oci.repository=registry.invalid/app', '--set', 'storage.retries=0', '--timeout', '5'],
  },
]

function changedKey(change: (text: string) => string): string {
  const file = join(scratch(), 'changed.key')
  writeFileSync(file, change(readFileSync(cosignKey, 'utf8')))
  return file
}

async function runScenario(one: Scenario): Promise<readonly Outcome[]> {
  const name = freshName('secrets')
  await using proxy = await startProxy(registry('distribution'))
  const run = await runWithImage(registry('distribution'), { through: proxy.endpoint, name })
  proxy.use(one.rule?.(proxy.endpoint))
  const env = {
    PROV_DEBUG: '1',
    COSIGN_PASSWORD: PLANTED[one.password ?? 'password of the key'],
    ...(one.login === undefined ? {} : logins[one.login](proxy.endpoint)),
    ...one.env?.(),
  }
  const own = ['--set', `storage.oci.repository=${proxy.endpoint}/${name}`]
  const args = (one.args ?? []).map((arg) => (arg === 'PLAIN' ? plainKey : arg))
  const store = (...more: readonly string[]) =>
    prov(
      [
        'store',
        '--storage',
        'tekton,oci',
        '--verbose',
        ...own,
        ...args,
        '--key',
        one.key?.() ?? cosignKey,
        ...more,
        run.file,
      ],
      { env },
    )
  const outcomes = [await store(), await store('--json')]
  expect(shown(filesBeside(run))).toEqual([])
  return outcomes
}

/** What was written into the run's folder. */
function filesBeside({ file }: RunWithImage): string {
  const folder = join(file, '..')
  const files = readdirSync(folder).map((name) => join(folder, name))
  return files
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n')
}

describeWith(['distribution'], 'nothing secret is shown when', () => {
  it.each(SCENARIOS)('$what', async (one) => {
    for (const { code, stdout, stderr } of await runScenario(one)) {
      expect(shown(stdout + stderr), stdout + stderr).toEqual([])
      expect(code, stdout + stderr).toBe(one.exit)
    }
  })
})

describe('nothing secret is shown by', () => {
  it.each([
    ['verify with a private key', () => ['verify', '--storage', 'tekton', '--key', plainKey, 'nothing.yaml']],
    ['verify with an encrypted key', () => ['verify', '--storage', 'tekton', '--key', cosignKey, 'nothing.yaml']],
    ['a key as an input', () => ['store', '--storage', 'tekton', '--key', plainKey, plainKey]],
    [
      'a key as a configuration',
      () => ['store', '--storage', 'tekton', '--config', plainKey, '--key', plainKey, 'nothing.yaml'],
    ],
    ['a key as a Statement', () => ['store', '--storage', 'oci', '--key', plainKey, '--statement', plainKey]],
    [
      'a key as a password file',
      () => ['store', '--storage', 'tekton', '--key', cosignKey, '--password-file', plainKey, 'nothing.yaml'],
    ],
  ] as const)('%s', async (_, args) => {
    for (const more of [[], ['--json']]) {
      const { code, stdout, stderr } = await prov([...args(), '--verbose', ...more], { env: { PROV_DEBUG: '1' } })
      expect(shown(stdout + stderr), stdout + stderr).toEqual([])
      expect(code, stdout + stderr).toBe(2)
    }
  })
})
