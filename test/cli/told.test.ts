/** What a report says of the whole: a wrong key, what was stopped, and nothing but what is bad with --quiet. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { columnsOf } from '../../src/platform/text/columns.ts'
import { loadTrust } from '../../src/trust/trusted-keys.ts'
import type { Row } from '../../src/verify/agree.ts'
import { provHere } from '../support/in-process.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

const env = { PROV_PASSWORD: PASSWORD }
const folder = scratch()
const [gcs, s3] = [join(folder, 'gcs'), join(folder, 's3')]
const sets = ['--set', `storage.gcs.directory=${gcs}`, '--set', `storage.s3.directory=${s3}`]
const both = ['--storage', 'gcs,s3', ...sets]
const file = runFixture('storefront-pipelinerun.yaml')
const other = join(folder, 'other')

const idOf = async (key: string): Promise<string> => (await loadTrust([key])).keys[0]?.keyid ?? ''

beforeAll(async () => {
  const stored = await provHere(['store', ...both, '--key', PRIVATE_KEY, file], { env })
  expect(stored.code, stored.stdout + stored.stderr).toBe(0)
  await provHere(['keys', 'generate', '--output', other], { env })
})

describe('a wrong --key', () => {
  const wrong = ['--key', `${other}.pub`]

  test.each([['named'], ['--all']])('is told from forgery: %s', async (how) => {
    const line = `every copy is signed by ${await idOf(PUBLIC_KEY)}; you gave ${await idOf(`${other}.pub`)} (${other}.pub)`
    const what = how === '--all' ? '--all' : file
    for (const more of [[], ['--quiet']]) {
      const { code, stdout } = await provHere(['verify', ...both, ...wrong, ...more, what])
      expect(code).toBe(3)
      expect(stdout).toContain(`${line}\n`)
    }
    const json = await provHere(['verify', ...both, ...wrong, '--json', what])
    const last = how === '--all' ? json.stdout.trim().split('\n').at(-1) : json.stdout
    expect(JSON.parse(last ?? '').otherKey).toEqual({
      keyid: await idOf(PUBLIC_KEY),
      given: [{ keyid: await idOf(`${other}.pub`), source: `${other}.pub` }],
    })
  })

  test('is not told in words that somebody has put in the place of a key id', async () => {
    const hostile = scratch()
    cpSync(gcs, hostile, { recursive: true })
    const id = await idOf(PUBLIC_KEY)
    for (const name of readdirSync(hostile, { recursive: true, encoding: 'utf8' })) {
      const path = join(hostile, name)
      if (!statSync(path).isFile()) continue
      writeFileSync(
        path,
        readFileSync(path, 'utf8').replaceAll(id, `release); all is well, run: curl evil.example (${'x'.repeat(5000)}`),
      )
    }
    const from = ['--storage', 'gcs', '--set', `storage.gcs.directory=${hostile}`]
    const text = await provHere(['verify', ...from, ...wrong, file])
    expect(text.stdout).toContain('signed by another key')
    expect(text.stdout).not.toMatch(/evil|xxx/)
    const report = JSON.parse((await provHere(['verify', ...from, ...wrong, '--json', file])).stdout)
    expect(report).toMatchObject({ exit: 3, next: 'prov explain key_untrusted' })
    expect(report).not.toHaveProperty('otherKey')
  })

  test('stands behind the reason of each artifact, and with each row of --json', async () => {
    const id = await idOf(PUBLIC_KEY)
    const { stdout } = await provHere(['verify', ...both, ...wrong, file], { columns: 60 })
    const short = `signed by another key (${id.slice(0, 'SHA256:'.length + 8)}…)`
    expect(stripVTControlCharacters(stdout).replaceAll(/\s+/g, ' ')).toContain(short)
    for (const line of stripVTControlCharacters(stdout).split('\n')) {
      if (!line.startsWith('next: ')) expect(columnsOf(line), line).toBeLessThanOrEqual(60)
    }
    const { artifacts } = JSON.parse((await provHere(['verify', ...both, ...wrong, '--json', file])).stdout)
    const rows: readonly Row[] = artifacts.flatMap((one: { readonly rows: readonly Row[] }) => one.rows)
    const named = rows.filter(({ error }) => error?.code === 'key_untrusted')
    expect(named.length).toBeGreaterThan(0)
    for (const { signer } of named) expect(signer).toBe(id)
    // A signature of an image names no key.
    for (const row of rows) if (row.error?.code === 'signature_invalid') expect(row).not.toHaveProperty('signer')
  })

  test('is not named where a copy verifies, or where the key that is named was given', async () => {
    const good = await provHere(['verify', ...both, ...wrong, '--key', PUBLIC_KEY, '--json', file])
    expect(JSON.parse(good.stdout)).not.toHaveProperty('otherKey')
  })
})

describe('with --quiet', () => {
  const partial = [
    '--storage',
    'gcs,s3',
    '--set',
    `storage.gcs.directory=${gcs}`,
    '--set',
    `storage.s3.directory=${scratch()}`,
  ]

  test.each([['named'], ['--all']])('verify prints bad rows alone: %s', async (how) => {
    const what = how === '--all' ? '--all' : file
    const { code, stdout } = await provHere(['verify', ...partial, '--key', PUBLIC_KEY, '--quiet', what])
    expect(code).toBe(5)
    expect(stdout).toMatch(/^ {2}\+ s3 /m)
    expect(stdout).not.toMatch(/^ {2}[=~x] |verified|read \d+ file|artifacts/m)
    expect((await provHere(['verify', ...both, '--key', PUBLIC_KEY, '--quiet', what])).stdout).toBe('')
  })

  test('repair and doctor print what is bad alone', async () => {
    const planned = await provHere(['repair', ...partial, '--key', PUBLIC_KEY, '--quiet', file])
    expect(planned.stdout).not.toMatch(/^ {2}ok /m)
    const blocked = join(folder, 'blocked')
    writeFileSync(blocked, 'no folder')
    const broken = [
      '--storage',
      'gcs,s3',
      '--set',
      `storage.gcs.directory=${gcs}`,
      '--set',
      `storage.s3.directory=${blocked}`,
    ]
    const doctor = await provHere(['doctor', ...broken, '--quiet'])
    expect(doctor.code).not.toBe(0)
    expect(doctor.stdout).toMatch(/^s3: failed\n/)
    expect(doctor.stdout).not.toMatch(/gcs|^ {2}ok /m)
    const store = await provHere(['store', ...broken, '--key', PRIVATE_KEY, '--quiet', file], { env })
    expect(store.code).toBe(7)
    expect(store.stdout).toContain('  FAILED     s3 ')
    expect(store.stdout).not.toMatch(/^ {2}(written|unchanged) /m)
  })
})

test('what is about the whole does not stand below the last row as if about it', async () => {
  const empty = [
    '--storage',
    'gcs,s3',
    '--set',
    `storage.gcs.directory=${scratch()}`,
    '--set',
    `storage.s3.directory=${scratch()}`,
  ]
  const { stdout } = await provHere(['verify', '--show', 'all', ...empty, '--key', PUBLIC_KEY, file])
  expect(stdout).toMatch(/^ {2}in all: nothing_verified: /m)
  expect(stdout).not.toMatch(/^ {4}nothing_verified/m)
})

describe('stopped by Ctrl-C', () => {
  /** A server that never answers, told when it was asked. */
  async function silent(asked: () => void) {
    const server = createServer(() => asked())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { server, at: `127.0.0.1:${(server.address() as AddressInfo).port}` }
  }

  test.each([[[]], [['--quiet']]])('verify says in one line how far it came: %s', async (more) => {
    const stop = new AbortController()
    const { server, at } = await silent(() => stop.abort(new Error('stop')))
    const runs = join(scratch(), 'runs')
    mkdirSync(runs)
    const one = JSON.parse(readFileSync(runFixture('kaniko-taskrun.json'), 'utf8'))
    for (let i = 0; i < 200; i++) {
      const metadata = { ...one.metadata, name: `run-${i}`, uid: `0000-${i}` }
      writeFileSync(join(runs, `${i}.json`), JSON.stringify({ ...one, metadata }))
    }
    const args = [
      'verify',
      '--storage',
      's3',
      '--set',
      `storage.s3.endpoint=http://${at}`,
      '--set',
      'storage.s3.bucket=b',
    ]
    const world = { env: { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' }, signal: stop.signal }
    const { code, stdout } = await provHere([...args, '--key', PUBLIC_KEY, ...more, runs], world)
    server.closeAllConnections()
    server.close()
    expect(code).toBe(130)
    expect(stdout.match(/^stopped: 0 checked, 400 found, 400 not checked$/gm)).toHaveLength(1)
    expect(stdout.split('\n').length).toBeLessThan(8)
  })

  test.each([[[]], [['--quiet']], [['--json']]])('verify --all as well: %s', async (more) => {
    const stop = new AbortController()
    const { server, at } = await silent(() => stop.abort(new Error('stop')))
    const docdb = `sqlite:${join(scratch(), 'p.db')}`
    const stored = ['--storage', 'docdb', '--set', `storage.docdb.url=${docdb}`]
    expect((await provHere(['store', ...stored, '--key', PRIVATE_KEY, file], { env })).code).toBe(0)
    const args = ['--storage', 'docdb,archivista', '--set', `storage.docdb.url=${docdb}`]
    const { code, stdout } = await provHere(
      ['verify', '--all', ...args, '--set', `storage.archivista.url=http://${at}`, '--key', PUBLIC_KEY, ...more],
      { signal: stop.signal },
    )
    server.closeAllConnections()
    server.close()
    rmSync(docdb.slice('sqlite:'.length))
    expect(code).toBe(130)
    if (more.includes('--json')) {
      const { stopped } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
      expect(stopped).toEqual({
        checked: expect.any(Number),
        found: expect.any(Number),
        notChecked: expect.any(Number),
      })
      expect(stopped.notChecked).toBeGreaterThan(0)
    } else
      expect(
        stdout.match(/^stopped: \d+ artifacts checked, \d+ places found, \d+ of them not checked$/gm),
      ).toHaveLength(1)
  })
})
