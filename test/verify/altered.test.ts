/** Provenance that names a run by its uid and says something else: neither store nor repair builds on it. */
import { beforeEach, describe, expect, test } from 'vitest'
import { openMemory } from '../../backends/memory/backend.ts'
import type { Backend } from '../../src/backend/backend.ts'
import { formatNamed } from '../../src/formats/index.ts'
import type { Entry } from '../../src/model/entry.ts'
import { repair } from '../../src/repair/repair.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import { store } from '../../src/store/store.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'
import { verifyOne } from '../../src/verify/verify.ts'
import { aboutRun, attest, FORMAT_OPTIONS, signer, taskRun } from '../support/makers.ts'
import { calm, noRetry } from '../support/stored-set.ts'

const run = taskRun('aa')
const about = aboutRun(run)
const format = formatNamed('slsa/v2alpha4')
const context = {
  setting: () => undefined,
  env: {},
  now: () => 0,
  random: (n: number) => Buffer.alloc(n, 7),
  debug: () => undefined,
}
let by: KeySigner
let altered: Entry
let right: Entry
let first: Backend
let second: Backend

beforeEach(async () => {
  by = await signer()
  const text = Buffer.from(format.payload(run, FORMAT_OPTIONS)).toString()
  right = await attest(run, by, Buffer.from(text))
  altered = await attest(run, by, Buffer.from(text.replace('"value":"aa"', '"value":"evil"')))
  first = { ...openMemory(context), name: 'a' }
  second = { ...openMemory(context), name: 'b' }
})

async function put(backend: Backend, entry: Entry): Promise<void> {
  for (const slot of backend.slots(about)) await backend.put(slot, entry, calm)
}

async function marks(): Promise<string> {
  const demands = { optional: [], strict: false }
  const job = { about, backends: [first, second], required: () => [] }
  const { rows, exit } = await verifyOne(job, { trust: trustOf(by), demands, ...calm })
  return `${rows.map(({ mark }) => mark).join('')} ${exit}`
}

const stored = (backends: readonly Backend[]) =>
  store({
    items: [{ artifact: run, format, backends }],
    signer: async () => by,
    trust: async () => trustOf(by),
    formatOptions: FORMAT_OPTIONS,
    optional: [],
    resign: false,
    dryRun: false,
    retry: noRetry,
    ...calm,
  })

const mended = (prefer?: string) =>
  repair(about, {
    backends: [first, second],
    trust: trustOf(by),
    apply: true,
    retry: noRetry,
    ...calm,
    ...(prefer === undefined ? {} : { prefer }),
  })

describe('store', () => {
  test('does not adopt it: its place is drift, and nothing of it is spread', async () => {
    await put(first, altered)
    const { exit, items } = await stored([first, second])
    expect([exit, items[0]?.source]).toEqual([4, 'signed'])
    expect(items[0]?.copies.map(({ backend, confirmed, error }) => [backend, confirmed, error?.code])).toEqual([
      ['a', false, 'drift'],
      ['b', true, undefined],
    ])
    expect(await marks()).toBe('** 4')
  })

  test('signs nothing where every place has it', async () => {
    await put(first, altered)
    expect(await stored([first])).toMatchObject({ exit: 4, items: [{ source: 'planned', signatures: [] }] })
  })

  test('adopts the right one that lies behind it', async () => {
    await put(first, altered)
    await put(second, right)
    const { items } = await stored([first, second])
    expect(items[0]).toMatchObject({ source: 'adopted', differs: [] })
  })
})

describe('repair', () => {
  test('takes the right copy for the reference, though it comes second', async () => {
    await put(first, altered)
    await put(second, right)
    expect(await mended()).toMatchObject({ exit: 4, copies: [{ action: 'keep' }, { action: 'ok' }] })
    expect(await mended('b')).toMatchObject({ exit: 0, copies: [{ action: 'replace', done: true }, { action: 'ok' }] })
    expect(await marks()).toBe('== 0')
  })

  test('has no reference where there is no other, even when it is preferred', async () => {
    await put(first, altered)
    for (const prefer of [undefined, 'a'])
      expect(await mended(prefer)).toMatchObject({ exit: 5, findings: [{ code: 'nothing_verified' }] })
    expect(await marks()).toBe('*+ 4')
  })

  test('writes nothing where the preferred backend has it alone', async () => {
    await put(first, altered)
    await put(second, right)
    expect(await mended('a')).toMatchObject({ exit: 4, copies: [{ action: 'keep' }, { action: 'keep' }] })
    expect(await marks()).toBe('** 4')
  })
})
