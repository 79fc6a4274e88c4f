/** A gap is confirmed by the failure that it names, on a backend that answers: a dead server confirms none. */
import { createServer } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { openBackend } from '../../backends/index.ts'
import type { Backend, Slot } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { testContext } from '../support/context.ts'
import { conformanceCases } from './cases.ts'
import { GAPS } from './gaps.ts'
import type { Gap, Gaps } from './lines.ts'
import type { Rig } from './rig.ts'
import { sampleImage, sampleRun } from './samples.ts'
import { CannotTry } from './scene.ts'

const image = sampleImage('registry.example/acme/app', 'gap')
const sample = {
  run: sampleRun('gap-1', image),
  image,
  otherImage: sampleImage('registry.example/acme/other', 'gap'),
}

/** What becomes of each known gap: undefined when it is confirmed. */
async function ends(open: () => Backend | Promise<Backend>, gaps: Gaps): Promise<readonly unknown[]> {
  const made: unknown[] = []
  const rig = async (): Promise<Rig> => {
    const backend = await open()
    return { ...sample, open: () => backend }
  }
  for (const { gap, run } of conformanceCases({ rig, gaps })) {
    if (gap !== undefined) made.push(await run().catch((thrown: unknown) => thrown))
  }
  return made
}

const memory = (): Promise<Backend> => openBackend('memory', testContext())

/** The memory backend, of which the named calls fail. */
async function broken(code: 'unreachable' | 'timed_out' | 'denied' | 'throttled', calls: readonly string[]) {
  const fail = async (): Promise<never> => {
    throw new ProvError(code, 'made trouble')
  }
  const broken = Object.fromEntries(calls.map((name) => [name, fail]))
  const list = (): AsyncIterable<Slot> => ({ [Symbol.asyncIterator]: () => ({ next: fail }) })
  const backend = await memory()
  return { ...backend, ...broken, list, capabilities: { ...backend.capabilities, maxEntryBytes: undefined } }
}

const CALLS = ['put', 'get', 'replace', 'remove', 'keep', 'seal', 'diagnose']

describe('a dead backend confirms no gap', () => {
  let dead = ''
  beforeAll(async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((done) => server.once('listening', done))
    dead = `http://127.0.0.1:${(server.address() as { readonly port: number }).port}`
    await new Promise((done) => server.close(done))
  })

  test.each(Object.entries(GAPS))('not one of %s', async (_name, gaps: readonly Gap[]) => {
    for (const code of ['unreachable', 'timed_out', 'denied', 'throttled'] as const) {
      const all = await ends(() => broken(code, CALLS), gaps)
      expect(all.length).toBeGreaterThan(0)
      for (const [index, end] of all.entries()) expect(end, `${code} ${gaps[index]?.line}`).toBeInstanceOf(Error)
    }
  })

  test('nor one that names nothing, nor one of a server that is not there', async () => {
    const reasons = { seal: 'an untried one', logProof: 'one that differs', close: 'one that holds' }
    for (const end of await ends(() => broken('unreachable', CALLS), reasons)) expect(end).toBeInstanceOf(Error)
    const context = testContext({ 'storage.archivista.url': dead, 'storage.timeout': '2s' })
    const some = GAPS.archivista.filter(({ line }) => ['list', 'remove', 'seal'].includes(line))
    const gone = await ends(
      () => openBackend('archivista', context),
      some.map((gap) => ({ ...gap, kind: 'dsse' })),
    )
    expect(gone).toHaveLength(3)
    for (const end of gone) expect(end).toBeInstanceOf(Error)
  })
})

describe('only the failure that the gap names counts', () => {
  const abortBefore = (shows?: Gap['shows']): Gaps => [
    { line: 'abortBefore', kind: 'dsse', reason: 'made for this test', ...(shows === undefined ? {} : { shows }) },
  ]
  /** Answers, but a call with an aborted signal ends with this code. */
  const refusing = (code: 'not_supported' | 'unreachable') => async (): Promise<Backend> => {
    const backend = await memory()
    const put: Backend['put'] = async (slot, entry, options) => {
      if (options.signal.aborted) throw new ProvError(code, 'refused')
      return backend.put(slot, entry, options)
    }
    return { ...backend, put }
  }

  test('a code is confirmed by that code', async () => {
    expect(await ends(refusing('not_supported'), abortBefore('not_supported'))).toEqual([undefined])
    expect(await ends(refusing('not_supported'), abortBefore())).toEqual([undefined])
    for (const other of ['differs', 'untried', 'denied'] as const) {
      const [end] = await ends(refusing('not_supported'), abortBefore(other))
      expect(String(end)).toMatch(/^Error: this gap shows as .*, but the line failed otherwise/)
    }
    for (const shows of ['not_supported', 'differs', 'untried', undefined] as const) {
      const [end] = await ends(refusing('unreachable'), abortBefore(shows))
      expect(String(end)).toMatch(/but the line failed otherwise: .*'unreachable'/)
    }
  })

  test('what differs, and what cannot be tried, each by its own', async () => {
    const heedless = async (): Promise<Backend> => {
      const backend = await memory()
      return { ...backend, put: (slot, entry) => backend.put(slot, entry, { signal: new AbortController().signal }) }
    }
    expect(await ends(heedless, abortBefore('differs'))).toEqual([undefined])
    expect(await ends(heedless, abortBefore())).toEqual([undefined])
    const [untried] = await ends(memory, [
      { line: 'seal', kind: 'dsse', reason: 'made for this test', shows: 'differs' },
    ])
    expect(untried).toBeInstanceOf(CannotTry)
    const faulty = async (): Promise<Backend> => ({
      ...(await memory()),
      list: () => {
        throw new TypeError('a defect')
      },
    })
    const [defect] = await ends(faulty, [{ line: 'list', kind: 'dsse', reason: 'made for this test' }])
    expect(String(defect)).toMatch(/failed otherwise: a defect/)
  })

  test('a line that holds is no gap', async () => {
    const [end] = await ends(memory, [{ line: 'bytes', kind: 'dsse', reason: 'made for this test', shows: 'differs' }])
    expect(String(end)).toMatch(/this line holds by now/)
  })
})
