/** What the truth holds, over HTTP: the same as the commands print, from either engine, and no more than was asked for. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ArtifactAnswer } from '../../src/report/schemas/serve-artifact.ts'
import type { OutboxAnswer } from '../../src/report/schemas/serve-outbox.ts'
import type { SearchAnswer } from '../../src/report/schemas/serve-search.ts'
import { describeWith } from '../servers/endpoints.ts'
import { provHere } from '../support/in-process.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { ask, type Started, startService } from '../support/service.ts'
import { type FreshTruth, postgresTruth, sqliteTruth } from '../support/truth.ts'
import { truthPlace } from '../support/truth-outputs.ts'

const RUN = 'prov:taskrun/b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9'
const env = { COSIGN_PASSWORD: PASSWORD }

interface Rig {
  readonly service: Started
  readonly truth: FreshTruth
  /** What a command prints, one value a line. */
  lines(...args: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]>
}

/** A run that is committed to a truth and delivered to one of two backends, and a service over it. */
async function rig(truth: FreshTruth, ...more: readonly string[]): Promise<Rig> {
  const at = truthPlace()
  const run = (...args: readonly string[]) => provHere([...args, ...truth.flags, '--json'], { env })
  if (truth.needsInit) await run('truth', 'init')
  await run('store', ...at.storage, '--key', PRIVATE_KEY, at.file)
  await run('worker', ...at.storage, '--storage', 'docdb', '--key', PUBLIC_KEY, '--once')
  const service = await startService([
    ...at.storage,
    '--storage',
    'docdb',
    '--key',
    PUBLIC_KEY,
    ...truth.flags,
    ...more,
  ])
  return {
    service,
    truth,
    lines: async (...args) =>
      (await run(...args)).stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>),
  }
}

async function theSame({ service, lines, truth }: Rig): Promise<void> {
  const { address } = service
  const get = async <T>(path: string): Promise<T> => {
    const got = await ask(address, path)
    expect(got.status, got.text).toBe(200)
    return got.json<T>()
  }
  const builder = 'https://tekton.dev/chains/v2'
  const [first, ...rest] = await lines('search', '--builder', builder)
  const found = await get<SearchAnswer>(`/v1/search?builder=${encodeURIComponent(builder)}`)
  expect(found.hits).toEqual([first, ...rest].filter((line) => line !== undefined && 'entry' in line))
  expect(found).toMatchObject({ source: 'truth', more: false, complete: true })
  // When a machine was last seen is worked out anew for each answer.
  const sameTime = <T extends object>(row: T): T => ('hostSeen' in row ? { ...row, hostSeen: 'seen' } : row)
  const owed = (await lines('outbox', 'ls')).map(sameTime)
  expect(owed.some((row) => 'hostSeen' in row)).toBe(true)
  expect((await get<OutboxAnswer>('/v1/outbox')).deliveries.map(sameTime)).toEqual(owed)
  const page = await get<OutboxAnswer>('/v1/outbox?limit=1')
  expect({ ...page, deliveries: page.deliveries.map(sameTime) }).toEqual({ deliveries: owed.slice(0, 1), more: true })
  const next = await get<OutboxAnswer>(`/v1/outbox?limit=1000&after=${owed[0]?.['id']}`)
  expect({ ...next, deliveries: next.deliveries.map(sameTime) }).toEqual({ deliveries: owed.slice(1), more: false })
  const artifact = await get<ArtifactAnswer>(`/v1/artifacts/${encodeURIComponent(RUN)}`)
  expect(artifact.entries.map(({ entry, copies }) => ({ entry, copies }))).toEqual([
    { entry: first?.['entry'], copies: first?.['copies'] },
  ])
  const image = owed.map(({ uri }) => String(uri)).find((uri) => uri.startsWith('oci://')) ?? ''
  expect((await get<ArtifactAnswer>(`/v1/artifacts/${encodeURIComponent(image)}`)).artifact).toBe(image)
  const id = String(first?.['entry'])
  const { text, headers } = await ask(address, `/v1/entries/${id}`)
  const [row] = await truth.sql(`SELECT bytes FROM entry WHERE id = '${id}'`)
  expect(text).toBe(Buffer.from(row?.['bytes'] as Uint8Array).toString())
  expect(headers['prov-entry-number']).toBe(String(artifact.entries[0]?.seq))
}

describe('a truth in SQLite', () => {
  test('says over HTTP what the commands say', async () => {
    await theSame(await rig(sqliteTruth()))
  })

  test('what is not there is 404, what cannot be asked is 400, each as a command says it', async () => {
    const { service } = await rig(sqliteTruth())
    const statuses = async (...paths: readonly string[]) =>
      Promise.all(paths.map(async (path) => (await ask(service.address, path)).status))
    expect(await statuses(`/v1/entries/dsse:sha256:${'0'.repeat(64)}`, '/v1/artifacts/none')).toEqual([404, 404])
    const odd = [
      '/v1/entries/odd',
      '/v1/search?sha=x',
      '/v1/search?run=a&limit=1001',
      '/v1/search?run=a&after=-1',
      '/v1/outbox?state=odd',
      '/v1/outbox?limit=1&limit=2',
      '/v1/outbox?odd=1',
    ]
    expect(await statuses(...odd)).toEqual(odd.map(() => 400))
    const said = (await ask(service.address, '/v1/outbox?state=odd')).json<{ exit: number; error: { code: string } }>()
    expect(said).toMatchObject({ exit: 2, error: { code: 'usage' } })
  })

  test('names of people and places need the token where there is one', async () => {
    const file = join(scratch(), 'token')
    writeFileSync(file, 'a-token-of-some-length')
    const { service } = await rig(sqliteTruth(), '--token-file', file)
    expect((await ask(service.address, '/v1/outbox')).status).toBe(401)
    const headers = { authorization: 'Bearer a-token-of-some-length' }
    expect((await ask(service.address, '/v1/outbox', { headers })).status).toBe(200)
  })

  test('one that is away is an error of its own, and verdicts go on', async () => {
    const at = truthPlace()
    const gone = ['--truth', `sqlite:${join(scratch(), 'none', 'truth.db')}`]
    const service = await startService([...at.storage, '--storage', 'docdb', '--key', PUBLIC_KEY, ...gone])
    expect((await ask(service.address, '/v1/outbox')).status).toBe(503)
    expect((await ask(service.address, '/')).text).toMatch(/the source of truth does not answer \(\w+\)/)
    expect(
      (await ask(service.address, `/v1/verify?image=registry.example/acme/app@sha256:${'a'.repeat(64)}`)).status,
    ).toBe(200)
    expect((await ask(service.address, '/readyz')).status).toBe(200)
  })
})

describeWith(['postgresql'], 'a truth in PostgreSQL', () => {
  test('says over HTTP what the commands say', async () => {
    const truth = await postgresTruth()
    const made = await rig(truth)
    await theSame(made)
    await made.service.stop()
    await truth.close()
  })
})
