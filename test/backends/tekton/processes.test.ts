import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readItem } from '../../../backends/tekton/layout.ts'
import { type Files, nodeFiles } from '../../../src/platform/fs/files.ts'
import { withLock } from '../../../src/platform/fs/lock-file.ts'
import { holderOfThisProcess } from '../../../src/platform/fs/lock-holder.ts'
import { sampleImage, sampleRun } from '../../conformance/samples.ts'
import { testFolder } from '../../support/tekton.ts'

function child(...args: readonly string[]): ChildProcess {
  const started = spawn(process.execPath, ['test/backends/tekton/child.ts', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    started.kill('SIGKILL')
  })
  return started
}

async function output(started: ChildProcess): Promise<string> {
  let text = ''
  started.stdout?.on('data', (chunk) => {
    text += chunk
  })
  const [code] = await once(started, 'close')
  expect(code).toBe(0)
  return text
}

/** A process that held the lock of `file` and was killed. */
async function dieHolding(file: string): Promise<void> {
  const holder = child('hold', file)
  if (holder.stdout === null) throw new Error('no output')
  await once(holder.stdout, 'data')
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  expect(existsSync(`${file}.prov-lock`)).toBe(true)
}

const lock = {
  signal: new AbortController().signal,
  timeoutMs: 300,
  now: Date.now,
  random: (n: number) => randomBytes(n),
}

describe('several processes', () => {
  test('two that store 100 runs each into one List: 200 of 200 are there', { timeout: 120_000 }, async () => {
    const file = join(testFolder(), 'list.json')
    const image = sampleImage('registry.example/acme/app', 'app')
    const items = Array.from({ length: 200 }, (_, i) => sampleRun(`build-${i}`, image, `uid-${i}`).object)
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2))
    const said = await Promise.all([output(child('put', file, '0', '100')), output(child('put', file, '100', '200'))])
    expect(said.join('').match(/ written\n/g)).toHaveLength(200)
    const list = JSON.parse(readFileSync(file, 'utf8')) as {
      items: { metadata: { annotations: Record<string, string> } }[]
    }
    const stored = list.items.map((run, i) => readItem(run.metadata.annotations, `taskrun-uid-${i}`, 'dsse')?.entry)
    expect(stored.filter((entry) => entry !== undefined)).toHaveLength(200)
    expect(readdirSync(join(file, '..'))).toEqual(['list.json'])
  })

  test('a lock whose holder was killed is broken by one of those who wait, at a time', {
    timeout: 60_000,
  }, async () => {
    const file = join(testFolder(), 'counter')
    writeFileSync(file, '0')
    await dieHolding(file)
    await Promise.all(Array.from({ length: 5 }, () => output(child('count', file, '12'))))
    expect(readFileSync(file, 'utf8')).toBe('60')
    expect(readdirSync(join(file, '..'))).toEqual(['counter'])
  })

  test('one that was killed while it broke the lock of another dead one is no obstacle either', async () => {
    const file = join(testFolder(), 'counter')
    writeFileSync(file, '0')
    await dieHolding(file)
    const first = JSON.parse(readFileSync(`${file}.prov-lock`, 'utf8'))
    const breaking = `${file}.prov-lock.break-${first.token}`
    writeFileSync(breaking, JSON.stringify({ ...first, token: 'abcdef' }))
    expect(await withLock(`${file}.prov-lock`, lock, async () => 'mine')).toBe('mine')
    expect(readdirSync(join(file, '..'))).toEqual(['counter'])
  })
})

describe('who is waited for', () => {
  const write = (file: string, change: object) =>
    writeFileSync(file, JSON.stringify({ ...holderOfThisProcess('abcdef'), ...change }))
  const file = () => join(testFolder(), 'x.prov-lock')
  const dead = spawnSync('true').pid

  test.each([
    ['a living holder', {}],
    ['one on another host', { host: 'elsewhere', pid: dead }],
    ['one in another container', { space: 'pid:[1]', pid: dead }],
  ])('%s: a conflict that names it, and its lock stays', async (_, change) => {
    const path = file()
    write(path, change)
    const call = withLock(path, lock, async () => 'mine')
    await expect(call).rejects.toMatchObject({
      code: 'conflict',
      retryable: true,
      message: expect.stringMatching(/process \d+ on /),
    })
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject(change)
  })

  test.each([
    ['one that is dead', { pid: dead }],
    ['one whose pid is another process by now', { birth: '1' }],
    ['one from before the system started', { boot: 'another' }],
  ])('%s: not waited for', async (_, change) => {
    const path = file()
    write(path, change)
    expect(await withLock(path, lock, async () => 'mine')).toBe('mine')
    expect(existsSync(path)).toBe(false)
  })

  test('a lock file without a holder counts only since the system started', async () => {
    const path = file()
    writeFileSync(path, '')
    await expect(withLock(path, lock, async () => 1)).rejects.toMatchObject({ code: 'conflict' })
    utimesSync(path, 1, 1)
    expect(await withLock(path, lock, async () => 1)).toBe(1)
  })

  test('a waiter that saw the dead holder long ago does not break the lock of the next one', async () => {
    const path = file()
    write(path, { pid: dead })
    const inside: string[] = []
    const late = { seen: () => {}, go: () => {} }
    const seen = new Promise<void>((resolve) => {
      late.seen = resolve
    })
    const go = new Promise<void>((resolve) => {
      late.go = resolve
    })
    const slow: Files = {
      ...nodeFiles,
      read: async (name) => {
        const bytes = await nodeFiles.read(name)
        if (name === path && Buffer.from(bytes).includes('abcdef')) {
          late.seen()
          await go
        }
        return bytes
      },
    }
    const second = withLock(path, { ...lock, timeoutMs: 10_000, files: slow }, async () => {
      inside.push('second')
    })
    await seen
    await withLock(path, lock, async () => {
      inside.push('first in')
      late.go()
      await sleep(150)
      inside.push('first out')
    })
    await second
    expect(inside).toEqual(['first in', 'first out', 'second'])
    expect(readdirSync(join(path, '..'))).toEqual([])
  })

  test('a wait can be stopped, and work that fails gives the lock back', async () => {
    const path = file()
    write(path, {})
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 30)
    const waiting = withLock(path, { ...lock, timeoutMs: 60_000, signal: stop.signal }, async () => 1)
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
    const other = file()
    await expect(withLock(other, lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(existsSync(other)).toBe(false)
    expect(statSync(path).size).toBeGreaterThan(0)
  })
})
