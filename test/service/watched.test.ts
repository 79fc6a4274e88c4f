/** Files that change under a service: swapped, half written, gone. */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { asProvError, errorJson, ProvError } from '../../src/errors.ts'
import { type Watched, type WatchOptions, watchFiles } from '../../src/service/watched.ts'
import { scratch } from '../support/scratch.ts'

interface Rig {
  readonly watched: Watched<string>
  /** Looks once. */
  look(): Promise<void>
  readonly told: string[]
  /** Passes time. */
  wait(ms: number): void
}

/** A text that has to end with a full stop, in a file; looks happen when the test says so. */
async function rig(file: string, more: Partial<WatchOptions<string>> = {}): Promise<Rig> {
  const told: string[] = []
  let at = 0
  let next: (() => void) | undefined
  const asleep: (() => void)[] = []
  const watched = await watchFiles<string>({
    what: 'the text',
    files: () => [file],
    async load() {
      const text = await readFile(file, 'utf8')
      if (!text.endsWith('.')) throw new ProvError('key_unreadable', `no full stop in ${file}`, { location: file })
      return text
    },
    dispose: (old) => told.push(`gave back ${old}`),
    everyMs: 1,
    staleMs: 60_000,
    now: () => at,
    sleep: (_ms, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        next = resolve
        asleep.shift()?.()
      }),
    changed: () => told.push('changed'),
    failed: ({ message }) => told.push(`failed: ${message}`),
    ...more,
  })
  onTestFinished(() => watched.stop())
  return {
    watched,
    told,
    wait: (ms) => {
      at += ms
    },
    look: () =>
      new Promise((resolve) => {
        asleep.push(resolve)
        next?.()
      }),
  }
}

test('a change counts once two looks have seen the same', async () => {
  const file = join(scratch(), 'text')
  writeFileSync(file, 'one.')
  const { watched, look, told } = await rig(file)
  writeFileSync(file, 'two.')
  await look()
  expect([watched.current, told]).toEqual(['one.', []])
  await look()
  expect([watched.current, told]).toEqual(['two.', ['changed', 'gave back one.']])
})

test('a symbolic link that is swapped is a change, as Kubernetes makes it', async () => {
  const folder = scratch()
  for (const name of ['a', 'b']) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'text'), `${name}.`)
  }
  symlinkSync('a', join(folder, '..data'))
  const { watched, look } = await rig(join(folder, '..data', 'text'))
  symlinkSync('b', join(folder, '..tmp'))
  renameSync(join(folder, '..tmp'), join(folder, '..data'))
  await look()
  await look()
  expect(watched.current).toBe('b.')
})

test('what cannot be used leaves the old one for a while, and then nothing counts', async () => {
  const file = join(scratch(), 'text')
  writeFileSync(file, 'one.')
  const { watched, look, told, wait } = await rig(file)
  writeFileSync(file, 'tw')
  await look()
  await look()
  await look()
  expect(watched.current).toBe('one.')
  expect(told).toEqual([`failed: no full stop in ${file}`])
  wait(60_001)
  // Whoever asks is told; where files lie stands in the log alone.
  expect(errorJson(asProvError(watched.stale))).toEqual({
    code: 'key_unreadable',
    message: 'the text could not be used for 60 s',
    hint: expect.stringContaining('the log of the service'),
  })
  expect(() => watched.current).toThrow(/^the text could not be used for 60 s$/)
  writeFileSync(file, 'two.')
  await look()
  await look()
  expect([watched.current, watched.stale]).toEqual(['two.', undefined])
})

test('a file that is gone, and one that goes on changing, are not a set either', async () => {
  const file = join(scratch(), 'text')
  writeFileSync(file, 'one.')
  const { watched, look, wait } = await rig(file)
  for (let i = 0; i < 5; i++) {
    writeFileSync(file, `now ${i}.`)
    wait(20_000)
    await look()
  }
  expect(() => watched.current).toThrow(/are being changed/)
  rmSync(file)
  await look()
  await look()
  expect(() => watched.current).toThrow(/the text could not be used/)
  writeFileSync(file, 'one.')
  await look()
  expect(watched.current).toBe('one.')
})

test('looks that do not come to an end are not a reason to go on trusting', async () => {
  const file = join(scratch(), 'text')
  writeFileSync(file, 'one.')
  const { watched, wait } = await rig(file)
  wait(60_001)
  expect(() => watched.current).toThrow(/cannot be read, and do not fail either/)
})

test('what grows old is made anew without a word', async () => {
  const file = join(scratch(), 'text')
  writeFileSync(file, 'one.')
  let loads = 0
  const load = async (): Promise<string> => `${++loads}.`
  const { watched, look, told, wait } = await rig(file, { load, renewMs: () => 1000 })
  await look()
  expect(watched.current).toBe('1.')
  wait(1001)
  await look()
  expect([watched.current, told]).toEqual(['2.', ['gave back 1.']])
})

test('it does not start with what cannot be used', async () => {
  const file = join(scratch(), 'text')
  writeFileSync(file, 'half')
  await expect(rig(file)).rejects.toMatchObject({ code: 'key_unreadable' })
})

test('what comes from elsewhere and is another one when it is made anew counts, and a failure is not repeated with every look', async () => {
  const file = join(scratch(), 'text')
  writeFileSync(file, 'one.')
  let loads = 0
  let isAway = false
  const load = async (): Promise<string> => {
    loads++
    if (isAway) throw new ProvError('unreachable', 'away')
    return `${loads}.`
  }
  const more = { load, everyMs: 10, renewMs: () => 1000, isSame: (a: string, b: string) => a === b }
  const { watched, look, told, wait } = await rig(file, more)
  wait(1001)
  await look()
  expect([watched.current, told]).toEqual(['2.', ['changed', 'gave back 1.']])
  isAway = true
  wait(1001)
  await look()
  await look()
  await look()
  expect([watched.current, loads]).toEqual(['2.', 3])
  wait(101)
  await look()
  expect(loads).toBe(4)
  isAway = false
  wait(101)
  await look()
  expect(watched.current).toBe('5.')
})

test('a failure that comes of the end itself is not told', async () => {
  const file = join(scratch(), 'text')
  writeFileSync(file, 'one.')
  let fail: (() => void) | undefined
  let loads = 0
  const load = (): Promise<string> =>
    loads++ === 0
      ? Promise.resolve('one.')
      : new Promise((_, reject) => {
          fail = () => reject(new ProvError('aborted', 'stopped'))
        })
  const { watched, told, look } = await rig(file, { load })
  writeFileSync(file, 'two.')
  await look()
  void look()
  while (fail === undefined) await new Promise((done) => setTimeout(done, 1))
  const stopped = watched.stop()
  fail()
  await stopped
  expect(told).toEqual(['gave back one.'])
})
