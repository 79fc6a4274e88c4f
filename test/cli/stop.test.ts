/** What no file system and no server may keep prov from: to start, and to end when it is told to. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BIN, type Outcome, prov, type Run, run } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const IMAGE = `registry.example/app@sha256:${'a'.repeat(64)}`
const SIGNED = ['--key', PRIVATE_KEY, '--image', IMAGE]

/** A pipe that nobody writes to: whoever opens it waits, on a thread that no signal reaches. */
function silentPipe(): string {
  const path = join(scratch(), 'pipe')
  execFileSync('mkfifo', [path])
  return path
}

describe.runIf(process.platform === 'linux')('where the file system answers ENOENT to mkdir', () => {
  const link = join(scratch(), 'link')
  symlinkSync('/proc/1', link)
  const linked = join(scratch(), 'cache')
  mkdirSync(join(linked, 'prov'), { recursive: true })
  symlinkSync('/proc/1', join(linked, 'prov/compiled'))
  const dangling = join(scratch(), 'dangling')
  symlinkSync('nowhere', dangling)

  test.each([
    { HOME: '/proc/1' },
    { XDG_CACHE_HOME: '/proc/1/x' },
    { XDG_CACHE_HOME: '/proc/1/x/y' },
    { XDG_CACHE_HOME: link },
    { XDG_CACHE_HOME: linked },
    { XDG_CACHE_HOME: dangling },
    { HOME: '/dev/null' },
    { HOME: '/sys' },
  ])('prov starts without a cache: %o', async (env) => {
    const { code, stdout, stderr } = await prov(['--version'], { env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^\d+\.\d+\.\d+ \(commit .*\)\n$/)
  })

  test.each([
    ['oci', 'storage.oci.layout'],
    ['gcs', 'storage.gcs.directory'],
    ['s3', 'storage.s3.directory'],
  ])('a copy that cannot be written there fails: %s', async (backend, key) => {
    const where = ['--storage', backend, '--set', `${key}=/proc/1/lay/x`]
    const { code, stdout } = await prov(['store', ...where, ...SIGNED], { env: { PROV_PASSWORD: PASSWORD } })
    expect(stdout).toContain('storage_io: ')
    expect(stdout).toContain('no such file or folder')
    expect(code).toBe(7)
  })
})

test('the cache is kept where it can be, and nothing beside it', async () => {
  const home = scratch()
  expect((await prov(['--version'], { env: { HOME: home } })).code).toBe(0)
  expect(existsSync(join(home, '.cache/prov/compiled'))).toBe(true)
  expect(readdirSync(join(home, '.cache/prov/compiled')).filter((name) => name.startsWith('.trial'))).toEqual([])
})

describe('a signal ends prov while a call to the file system never returns', () => {
  const run = runFixture('kaniko-taskrun.json')
  const pipe = silentPipe()
  const commands: readonly (readonly string[])[] = [
    ['verify', '--storage', 'tekton', '--key', pipe, run],
    ['store', '--storage', 'tekton', '--key', pipe, run],
    ['payload', pipe],
    ['doctor', '--key', pipe],
  ]

  /** Sends the signals, one after the other, once prov is under way. */
  function sending(signals: readonly NodeJS.Signals[]): Run {
    return {
      started: (child) => {
        for (const [i, signal] of signals.entries()) setTimeout(() => child.kill(signal), 2000 + i * 500)
      },
    }
  }

  const ended = ({ code, stderr }: Outcome): void => {
    // A signal ended it, and it was not the one of the test's own limit, which comes after a minute.
    expect(code === null || code === 130, stderr).toBe(true)
  }

  test.each(commands)('SIGTERM: %s', async (...args) => {
    const began = Date.now()
    const outcome = await prov(args, sending(['SIGTERM']))
    ended(outcome)
    expect(outcome.stderr).toContain('prov: aborted: ')
    expect(Date.now() - began).toBeLessThan(40_000)
  })

  test('a second Ctrl-C ends it at once, and no half report stays', async () => {
    const folder = scratch()
    const report = ['--output', `junit=${join(folder, 'report.xml')}`]
    writeFileSync(join(folder, 'other'), '')
    const began = Date.now()
    const args = ['verify', '--storage', 'tekton', '--key', PUBLIC_KEY, ...report, pipe]
    ended(await prov(args, sending(['SIGINT', 'SIGINT'])))
    expect(readdirSync(folder)).toEqual(['other'])
    expect(Date.now() - began).toBeLessThan(40_000)
  })
})

describe.runIf(process.platform === 'linux')('a standard output that takes nothing', () => {
  test.each([['keys', 'generate', '--help'], ['--version'], ['config', 'schema']])(
    'is told: %s %s',
    async (...args) => {
      const { code, stderr } = await run('sh', ['-c', `exec ${BIN} "$@" > /dev/full`, 'sh', ...args])
      expect(code).toBe(1)
      expect(stderr).toBe('prov: cannot write standard output: no space is left (what was printed is not complete)\n')
    },
  )
})
