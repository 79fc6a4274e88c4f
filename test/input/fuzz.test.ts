import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERRORS, ProvError } from '../../src/errors.ts'
import { FORMATS } from '../../src/formats/index.ts'
import { imagesOf, loadInputs, selectRuns } from '../../src/input/index.ts'
import { tryImage } from '../../src/model/image-reference.ts'
import { readStatement } from '../../src/model/statement.ts'

/*
 * Whatever stands in an input, prov answers with a result or with one ProvError of exit 2, in a line, in time. The budget below comes to more
 * than 20,000 mutations; PROV_FUZZ_SEED repeats a run.
 */
const BYTES_YAML = 3_000
const BYTES_JSON = 8_000
const VALUES = 9_500
const SLOWEST_MS = 2_000

const seed = Number(process.env['PROV_FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const folder = fileURLToPath(new URL('../../fixtures/runs', import.meta.url))
const inputs = readdirSync(folder).map((name) => join(folder, name))
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .map((name) => join(folder, name))
  .filter((path) => statSync(path).isFile())
const texts = files.map((path) => readFileSync(path))
const parsed: readonly unknown[] = (await Promise.all(inputs.map((path) => loadInputs([path])))).map(({ runs }) => ({
  apiVersion: 'v1',
  kind: 'List',
  items: runs.map((run) => run.object),
}))

const configurations = [true, false].map((deepInspection) => ({
  builderId: 'https://b',
  buildType: `https://tekton.dev/chains/v2/${deepInspection ? 'slsa-tekton' : 'slsa'}`,
  deepInspection,
}))

function refused(error: unknown): boolean {
  if (error instanceof ProvError && ERRORS[error.code].exit === 2) {
    expect(error.message).not.toMatch(/[\n\r]/)
    expect(error.message.length).toBeLessThan(600)
    expect(error.hint).toBeTruthy()
    return true
  }
  throw error
}

/** Input to payload, everything; true when it was refused somewhere. */
async function whole(bytes: Uint8Array): Promise<boolean> {
  async function* once(): AsyncIterable<Uint8Array> {
    yield bytes
  }
  let isRefused = false
  const options = configurations[bytes.length % configurations.length] ?? configurations[0]
  if (options === undefined) throw new Error('no configuration')
  const started = process.cpuUsage() // of this process alone: the machine may be busy
  try {
    const { runs } = await loadInputs(['-'], { stdin: once() })
    for (const run of selectRuns(runs)) {
      expect(selectRuns(runs, run.uid)).toEqual([run])
      const { images, skipped } = imagesOf(run)
      for (const one of skipped) expect(one.reason).not.toBe('')
      for (const artifact of [run, ...images]) {
        for (const format of FORMATS.filter((one) => one.describes(artifact))) {
          try {
            const payload = format.payload(artifact, options)
            const text = new TextDecoder('utf-8', { fatal: true }).decode(payload)
            JSON.parse(text)
            if (format.kind === 'dsse') {
              expect(readStatement(payload)?.subjects.length).toBe(format.subjects(artifact, options).length)
            }
          } catch (error) {
            isRefused = refused(error) || isRefused
          }
        }
      }
    }
  } catch (error) {
    isRefused = refused(error)
  }
  const { user, system } = process.cpuUsage(started)
  expect((user + system) / 1000).toBeLessThan(SLOWEST_MS)
  return isRefused
}

type Edit = (bytes: Buffer, at: number) => Buffer
const splice = (bytes: Buffer, at: number, drop: number, put: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + drop)])

const odd = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  "'",
  '&a ',
  '*a',
  '<<: ',
  '!!str ',
  '!',
  '|',
  '>',
  '---\n',
  '...\n',
  '- ',
  '? ',
  '#',
  '%',
  '\t',
  '\0',
  '\ufeff',
  '\u2028',
  '\\ud800',
  '\r',
  '~',
  '.inf',
  '1e999',
  '-0',
  '0x',
  '`',
  '@',
]
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.integer({ min: 0, max: 7 }).map(
    (bit): Edit =>
      (bytes, at) =>
        splice(bytes, at, 1, Buffer.from([(bytes[at] ?? 0) ^ (1 << bit)])),
  ),
  fc.uint8Array({ maxLength: 4 }).map(
    (put): Edit =>
      (bytes, at) =>
        splice(bytes, at, put.length, put),
  ),
  fc.constant<Edit>((bytes, at) => bytes.subarray(0, at)),
  fc.constant<Edit>((bytes, at) => bytes.subarray(at)),
  fc.integer({ min: 1, max: 200 }).map(
    (size): Edit =>
      (bytes, at) =>
        splice(bytes, at, size, Buffer.alloc(0)),
  ),
  fc.integer({ min: 1, max: 400 }).map(
    (size): Edit =>
      (bytes, at) =>
        splice(bytes, at, 0, bytes.subarray(at, at + size)),
  ),
  fc.constantFrom(...odd).map(
    (text): Edit =>
      (bytes, at) =>
        splice(bytes, at, 0, Buffer.from(text)),
  ),
  fc.tuple(fc.constantFrom('[', '{a: ', '- ', '{"a":', '? ', '[[', '!a '), fc.integer({ min: 1, max: 2000 })).map(
    ([text, times]): Edit =>
      (bytes, at) =>
        splice(bytes, at, 0, Buffer.from(text.repeat(times))),
  ),
)
const edits = fc.array(fc.tuple(edit, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })), {
  minLength: 1,
  maxLength: 3,
})
const edited = (bytes: Buffer, by: readonly (readonly [Edit, number])[]): Buffer =>
  by.reduce((now, [one, where]) => one(now, Math.floor(where * (now.length + 1))), bytes)

const strange: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -0,
    1e21,
    2 ** 60,
    1.5,
    '',
    'x',
    '__proto__',
    '\ud800',
    '\u0000',
    [],
    {},
    [null],
    [[]],
    { a: null },
    { uri: 5 },
    'sha256:zz',
    '2026-13-01T00:00:00Z',
    'x'.repeat(5000),
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc
    .integer({ min: 1, max: 400 })
    .map((depth) => Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 'deep')),
)
const keys = [
  '__proto__',
  'constructor',
  'name',
  'value',
  'uid',
  'kind',
  'items',
  'metadata',
  'status',
  'results',
  'steps',
  'digest',
  '',
]

interface Place {
  readonly holder: Record<string, unknown> | unknown[]
  readonly key: string
}
function places(value: unknown, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found
  for (const key of Object.keys(value)) {
    found.push({ holder: value as Record<string, unknown>, key })
    places((value as Record<string, unknown>)[key], found)
  }
  return found
}
const changeOne = fc.tuple(
  fc.nat(),
  fc.constantFrom('replace', 'remove', 'rename', 'copy', 'swap', 'add'),
  strange,
  fc.constantFrom(...keys),
  fc.nat(),
)
function changed(object: unknown, changes: readonly (readonly [number, string, unknown, string, number])[]): unknown {
  const copy: unknown = structuredClone(object)
  for (const [where, how, value, key, other] of changes) {
    const all = places(copy)
    const place = all[where % all.length]
    const second = all[other % all.length]
    if (place === undefined || second === undefined) continue
    const holder = place.holder as Record<string, unknown>
    const old = holder[place.key]
    const put = (target: Place, name: string, what: unknown): void => {
      Object.defineProperty(target.holder, Array.isArray(target.holder) && name !== target.key ? '0' : name, {
        value: what,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
    if (how === 'replace') put(place, place.key, structuredClone(value))
    else if (how === 'remove')
      Array.isArray(place.holder) ? place.holder.splice(Number(place.key), 1) : delete holder[place.key]
    else if (how === 'copy') put(second, second.key, structuredClone(old))
    else if (how === 'swap') {
      const mine = structuredClone(old)
      put(place, place.key, structuredClone((second.holder as Record<string, unknown>)[second.key]))
      put(second, second.key, mine)
    } else {
      if (how === 'rename') delete holder[place.key]
      put(place, key, how === 'rename' ? old : structuredClone(value))
    }
  }
  return copy
}

/** A failure prints seed and path, which repeat it, not the whole input. */
const quiet = (bytes: Uint8Array): Uint8Array =>
  Object.assign(bytes, { [fc.toStringMethod]: () => `${bytes.length} bytes` })

async function survive(
  arbitrary: fc.Arbitrary<Uint8Array>,
  numRuns: number,
): Promise<{ refused: number; accepted: number }> {
  const count = { refused: 0, accepted: 0 }
  await fc.assert(
    fc.asyncProperty(arbitrary.map(quiet), async (bytes) => {
      if (await whole(bytes)) count.refused++
      else count.accepted++
    }),
    { numRuns, seed, endOnFailure: true },
  )
  return count
}

const ofType = (pattern: RegExp): fc.Arbitrary<Buffer> =>
  fc.constantFrom(...texts.filter((_, i) => pattern.test(files[i] ?? '')))

describe(`no input crashes prov or hangs it (seed ${seed})`, () => {
  it('unharmed inputs are accepted', async () => {
    for (const object of parsed) expect(await whole(Buffer.from(JSON.stringify(object)))).toBe(false)
  })

  it(`${BYTES_JSON} harmed JSON texts`, { timeout: 300_000 }, async () => {
    const compact = fc.constantFrom(...parsed.map((object) => Buffer.from(JSON.stringify(object))))
    const input = fc.tuple(fc.oneof(ofType(/json$/), compact), edits).map(([bytes, by]) => edited(bytes, by))
    const { refused, accepted } = await survive(input, BYTES_JSON)
    expect(Math.min(refused, accepted)).toBeGreaterThan(BYTES_JSON / 50)
  })

  it(`${BYTES_YAML} harmed YAML texts`, { timeout: 300_000 }, async () => {
    const input = fc.tuple(ofType(/yaml$/), edits).map(([bytes, by]) => edited(bytes, by))
    const { refused, accepted } = await survive(input, BYTES_YAML)
    expect(Math.min(refused, accepted)).toBeGreaterThan(BYTES_YAML / 50)
  })

  it(`${VALUES} objects with odd values in odd places`, { timeout: 300_000 }, async () => {
    const input = fc
      .tuple(fc.constantFrom(...parsed), fc.array(changeOne, { minLength: 1, maxLength: 4 }))
      .map(([object, changes]) => Buffer.from(JSON.stringify(changed(object, changes)) ?? ''))
    const { refused, accepted } = await survive(input, VALUES)
    expect(Math.min(refused, accepted)).toBeGreaterThan(VALUES / 50)
  })

  it('references of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        for (const tried of [text, `${text}@sha256:${'a'.repeat(64)}`, `x.io/${text}@sha256:${'a'.repeat(64)}`]) {
          const read = tryImage(tried)
          if ('reason' in read) expect(read.reason).not.toBe('')
          else expect(tryImage(`${read.repository}@${read.digest}`)).toEqual(read)
        }
      }),
      { numRuns: 1_000, seed },
    )
  })
})
