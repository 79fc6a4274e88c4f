/** How the command line answers: help, mistakes, versions, pipes, signals. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { program } from '../../src/cli/program.ts'
import type { Io } from '../../src/platform/io.ts'
import { BIN, cleanEnv, prov, ROOT, run } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture, runOfImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const COMMANDS = [
  'store',
  'verify',
  'migrate',
  'repair',
  'payload',
  'get',
  'list',
  'doctor',
  'keys',
  'conform',
  'completion',
] as const
const RUN = 'fixtures/runs/kaniko-taskrun.json'

describe('help', () => {
  test.each(COMMANDS)('%s --help: usage, an example, exit 0, nothing on stderr', async (command) => {
    const path = command === 'keys' ? ['keys', 'generate'] : [command]
    const { code, stdout, stderr } = await prov([...path, '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^Usage: prov ${path.join(' ')}`))
    expect(stdout).toContain('Examples:')
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test.each([
    'store',
    'verify',
    'migrate',
    'repair',
    'payload',
    'get',
    'list',
    'doctor',
    'keys generate',
    'config show',
    'config check',
    'conform',
  ])('%s takes --json', async (command) => {
    expect((await prov([...command.split(' '), '--help'])).stdout).toMatch(/^ +--json /m)
  })

  test('prov alone, and a group alone, print their help on stderr and exit 2', async () => {
    for (const args of [[], ['keys']]) {
      const { code, stdout, stderr } = await prov(args)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^Usage: prov/)
    }
  })

  test('fits a terminal of 60 columns', async () => {
    let text = ''
    const stdout = {
      columns: 60,
      write: (more: string) => {
        text += more
      },
    }
    await program({ stdout, env: {} } as unknown as Io, () => undefined)
      .parseAsync(['store', '--help'], { from: 'user' })
      .catch(() => undefined)
    const [options = ''] = text.split('Examples:')
    expect(options).toContain('--storage <LIST>')
    expect(options.split('\n').filter((line) => line.length > 60)).toEqual([])
  })

  test('--version prints the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(await prov(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        new RegExp(`^${version} \\(commit ([0-9a-f]{12}|unknown), Node v[\\d.]+, \\w+-\\w+\\)\n$`),
      ),
    })
  })
})

describe('mistakes: one line with a code, one with what to do next, exit 2', () => {
  test.each([
    [['stroe'], /usage: unknown command 'stroe' \(Did you mean store\?\)/],
    [['store', '--storag', 'tekton'], /usage: unknown option '--storag' \(Did you mean --storage\?\)/],
    [['store', '--storage', 'tektno', '--key', PRIVATE_KEY, RUN], /backend_unknown: .*did you mean tekton\?/],
    [['store', '--storage', 'memory', '--key', PRIVATE_KEY, RUN], /usage: memory keeps nothing once prov ends/],
    [['verify', '--storage', 'tekton,', '--key', PUBLIC_KEY, RUN], /usage: .*empty/],
    [['verify', '--key', PUBLIC_KEY, RUN], /usage: no backend was named \(use --storage/],
    [['store', '--storage', 'tekton', RUN], /usage: no private key was given \(use --key/],
    [['verify', '--storage', 'tekton', RUN], /usage: no public key was given/],
    [['verify', '--storage', 'tekton', '--key', PRIVATE_KEY, RUN], /key_unreadable: .*private key/],
    [['store', '--storage', 'tekton', '--key', PUBLIC_KEY, RUN], /key_unreadable: .*public key/],
    [['verify', '--storage', 'tekton', '--key', 'nowhere.pub', RUN], /key_unreadable: .*does not exist/],
    [['verify', '--storage', 'tekton', '--key', PUBLIC_KEY], /usage: no run, image or Statement was named/],
    [['verify', '--storage', 'tekton', '--key', PUBLIC_KEY, 'nowhere.yaml'], /input_unreadable: .*nowhere\.yaml/],
    [['verify', '--storage', 'tekton', '--key', PUBLIC_KEY, '--run', 'x', RUN], /run_not_found/],
    [['payload', '--format', 'slsa/v3', RUN], /format_unknown: .*did you mean slsa\/v1\?/],
    [
      ['store', '--storage', 'tekton', '--key', PRIVATE_KEY, '--set', 'bulder.id=x', RUN],
      /config_unknown_key: .*builder\.id/,
    ],
    [['store', '--storage', 'tekton', '--key', PRIVATE_KEY, '--optional', 'oci', RUN], /usage: --optional names oci/],
    [['store', '--storage', 'tekton', '--key', PRIVATE_KEY, '--require', '0', RUN], /usage: .*whole number/],
    [['store', '--storage', 'oci', '--key', PRIVATE_KEY, 'fixtures/runs/no-results-taskrun.yaml'], /not_kept/],
    [['verify', '--storage', 'oci', '--key', PUBLIC_KEY, '--image', 'ghcr.io/acme/app:v1'], /image_invalid/],
    [
      ['store', '--storage', 'tekton', '--key', PRIVATE_KEY, '--set', 'transparency.enabled=true', RUN],
      /not_supported/,
    ],
  ])('%s', async (args, expected) => {
    const { code, stdout, stderr } = await prov(args, { env: { COSIGN_PASSWORD: PASSWORD } })
    expect(stderr).toMatch(expected)
    expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 2, stdout: '', lines: 2 })
    expect(stderr).toMatch(/^prov: [a-z_]+: .*\nnext: prov /)
  })

  test('--json says the same on stdout', async () => {
    const { code, stdout } = await prov(['verify', '--storage', 'nope', '--key', PUBLIC_KEY, '--json', RUN])
    expect(JSON.parse(stdout)).toMatchObject({ exit: 2, error: { code: 'backend_unknown' } })
    expect(code).toBe(2)
  })

  test('a wrong password: exit 2, and the password is not repeated', async () => {
    const { code, stderr } = await prov(
      ['store', '--storage', 'tekton', '--key', PRIVATE_KEY, runFixture('kaniko-taskrun.json')],
      {
        env: { COSIGN_PASSWORD: 'planted-secret' },
      },
    )
    expect(code).toBe(2)
    expect(stderr).toMatch(/key_password/)
    expect(stderr).not.toContain('planted-secret')
  })
})

describe('nothing checked is never success', () => {
  test.each([
    ['a format that the input has nothing of', ['--storage', 'tekton', '--format', 'simplesigning']],
    [
      'a signer that the configuration turned off',
      ['--set', 'artifacts.taskrun.signer=none', '--set', 'artifacts.oci.storage=oci'],
    ],
    ['a storage that the configuration turned off', ['--set', 'artifacts.taskrun.storage=']],
  ])('%s: exit 2', async (_, args) => {
    const file = 'fixtures/runs/no-results-taskrun.yaml'
    const { code, stdout, stderr } = await prov(['verify', '--key', PUBLIC_KEY, ...args, file])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^prov: input_empty: there is nothing in the input to verify/)
  })
})

describe('the world around', () => {
  test('a reader that stops reading is no failure', async () => {
    const child = spawn(
      'sh',
      [
        '-c',
        `"$0" "$1" payload fixtures/runs/agent-release-pipelinerun --json | head -c 1; exit "\${PIPESTATUS:-0}"`,
        process.execPath,
        BIN,
      ],
      {
        cwd: ROOT,
        env: cleanEnv(),
      },
    )
    let err = ''
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
    })
    expect(await new Promise((done) => child.on('close', done))).toBe(0)
    expect(err).not.toMatch(/EPIPE|internal/)
  })

  test('a verdict is the same when nobody reads it', async () => {
    const args = ['verify', '--storage', 'tekton', '--key', PUBLIC_KEY, 'fixtures/runs/kaniko-taskrun.json']
    const script = '{ "$@"; echo "exit $?" >&2; } | true'
    const { stderr } = await run('sh', ['-c', script, 'sh', process.execPath, BIN, ...args])
    expect(stderr).toBe('exit 5\n')
  })

  test('Ctrl-C ends a hanging request at once: exit 130, and says how to go on', async () => {
    const sockets: { destroy(): void }[] = []
    const server = createServer(() => undefined).on('connection', (socket) => sockets.push(socket))
    await new Promise<void>((up) => server.listen(0, '127.0.0.1', up))
    const { port } = server.address() as AddressInfo
    const { file } = runOfImage({ endpoint: `127.0.0.1:${port}`, name: 'app', digest: `sha256:${'a'.repeat(64)}` })
    let began = 0
    const interrupted = (args: readonly string[]) =>
      prov([...args, file], {
        env: { COSIGN_PASSWORD: PASSWORD },
        started: (child) => {
          server.once('request', () => {
            began = performance.now()
            child.kill('SIGINT')
          })
        },
      })
    const outcome = await interrupted(['store', '--storage', 'oci', '--key', PRIVATE_KEY])
    expect(outcome.code).toBe(130)
    expect(performance.now() - began).toBeLessThan(5000)
    expect(outcome.stdout + outcome.stderr).toMatch(/exit 130.*same command/)
    const verified = await interrupted(['verify', '--storage', 'oci', '--key', PUBLIC_KEY, '--json'])
    expect(verified.code).toBe(130)
    expect(JSON.parse(verified.stdout)).toMatchObject({ exit: 130, findings: [{ code: 'aborted' }, {}, {}, {}] })
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  test('--quiet prints nothing when all is well; --verbose talks on stderr only', async () => {
    const file = runFixture('kaniko-taskrun.json')
    const env = { COSIGN_PASSWORD: PASSWORD }
    const args = ['--storage', 'tekton', '--key', PRIVATE_KEY, file]
    expect(await prov(['store', '--quiet', ...args], { env })).toMatchObject({ code: 0, stdout: '', stderr: '' })
    const verified = await prov(['verify', '--storage', 'tekton', '--key', PUBLIC_KEY, '--json', '--verbose', file])
    expect(verified.code).toBe(0)
    expect(JSON.parse(verified.stdout)).toMatchObject({ exit: 0, command: 'verify' })
  })

  test("Node's word that its SQLite is experimental is not passed on; any other warning is", async () => {
    // Node.js 22 says so when the module is loaded; this one has to be made to.
    const said = ['SQLite is an experimental feature and might change at any time', 'this is something else']
    // Google's library says so where there is no metadata server.
    const metadata = "process.emitWarning('received unexpected error', 'MetadataLookupWarning')"
    const preload = `const load = process.getBuiltinModule.bind(process)
      process.getBuiltinModule = (name) => {
        if (name === 'node:sqlite') for (const text of ${JSON.stringify(said)}) process.emitWarning(text, 'ExperimentalWarning')
        if (name === 'node:sqlite') ${metadata}
        return load(name)
      }`
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` }
    const database = `storage.docdb.url=sqlite:${join(scratch(), 'prov.db')}`
    const { stderr } = await prov(['list', '--storage', 'docdb', '--set', database], { env })
    expect(stderr).toContain('this is something else')
    expect(stderr).not.toContain('SQLite')
    expect(stderr).not.toContain('received unexpected error')
  })

  test('a password may come from a file, with or without a newline at its end', async () => {
    const file = runFixture('kaniko-taskrun.json')
    const password = join(file, '..', 'password')
    await run('sh', ['-c', `echo ${PASSWORD} > "$0"`, password])
    const args = ['store', '--storage', 'tekton', '--key', PRIVATE_KEY, '--password-file', password, file]
    expect(await prov(args)).toMatchObject({ code: 0 })
  })
})

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish'])('%s: every command and every flag is in the script', async (shell) => {
    const { stdout } = await prov(['completion', shell])
    for (const command of COMMANDS) expect(stdout).toContain(command)
    for (const flag of ['storage', 'dry-run', 'verify-key', 'strict']) expect(stdout).toContain(flag)
  })
})
