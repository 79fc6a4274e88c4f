/**
 * The search index beside bare Redis, and a worker with it beside one without: part of `npm run bench`; `npm run bench -- search` runs nothing
 * else. One run on one connection, as ratios.
 */
import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type IndexedEntry, memberOf } from '../../src/search/index-member.ts'
import { indexSource } from '../../src/search/index-source.ts'
import { indexOver } from '../../src/search/index-store.ts'
import { rebuild } from '../../src/search/rebuild.ts'
import { connectRedis } from '../../src/search/redis.ts'
import { openTruth } from '../../src/truth/open.ts'
import { many } from '../search/many.ts'
import { registry } from '../servers/endpoints.ts'
import { BIN, cleanEnv } from '../support/cli.ts'
import { manyRuns } from '../support/many-runs.ts'
import { ownRedis } from '../support/redis.ts'
import { freshName } from '../support/registry.ts'
import { scratch } from '../support/scratch.ts'
import { newKey } from '../support/stage.ts'
import { sqliteTruth } from '../support/truth.ts'
import { type Command, type Figure, once, rounds } from './measure.ts'
import type { Print } from './moves.ts'

const ENTRIES = 100_000
const LOOKS = 3_000

const hex = (text: string): string => createHash('sha256').update(text).digest('hex')

function entry(n: number): IndexedEntry {
  const id = `dsse:sha256:${hex(`entry ${n}`)}`
  const uid = randomUUID()
  return {
    seq: n,
    id,
    uri: `prov:taskrun/${uid}`,
    format: 'slsa/v1',
    source: 'signed',
    keyids: ['SHA256:diSKy+Lj5kjtkaRWt9SMmQQMAbQt2qOAASrnTQmtuYo', hex('key')],
    terms: [
      `digest:sha256:${hex(`image ${n}`)}`,
      `entry:${id}`,
      `run:${uid}`,
      `name:ci/run-${n}`,
      `image:registry.example/app-${n}@sha256:${hex(`image ${n}`)}`,
      `builder:https://builder-${n % 1000}.example/Chains`,
      'key:SHA256:diSKy+Lj5kjtkaRWt9SMmQQMAbQt2qOAASrnTQmtuYo',
      'type:https://slsa.dev/provenance/v0.2',
    ],
  }
}

async function lookUps(print: Print): Promise<void> {
  const own = await ownRedis()
  const redis = await connectRedis(own, { readOnly: false })
  const index = indexOver(redis)
  try {
    for (let n = 1; n <= ENTRIES; n += 500) {
      await index.write(Array.from({ length: 500 }, (_, i) => ({ add: entry(n + i) })))
    }
    const source = indexSource(redis)
    for (const [what, term, hits] of [
      ['one entry by its digest', (n: number) => `digest:sha256:${hex(`image ${n}`)}`, 1],
      ['a page of 100 by its builder', (n: number) => `builder:https://builder-${n % 1000}.example/Chains`, 100],
    ] as const) {
      const [ours, bare]: [number[], number[]] = [[], []]
      for (let i = 0; i < LOOKS; i += 1) {
        const asked = term(1 + ((i * 7919) % ENTRIES))
        let began = performance.now()
        const page = await source.find([asked], { limit: hits })
        ours.push(performance.now() - began)
        if (page.hits.length !== hits) throw new Error(`${asked}: ${page.hits.length} hits`)
        began = performance.now()
        await redis.call('ZRANGE', `${redis.prefix}1:t:${asked}`, 0, hits - 1)
        bare.push(performance.now() - began)
      }
      print(`index, ${what}, p99`, 1000 * p99(ours), 'a bare ZRANGE', 1000 * p99(bare), 'µs', 'at most 2.0')
    }
  } finally {
    await index.close()
    await own.close()
  }
}

function p99(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0
}

async function rebuilding(entries: number, print: Print): Promise<void> {
  const own = await ownRedis()
  const redis = await connectRedis(own, { readOnly: false })
  const index = indexOver(redis)
  const truth = await openTruth({ url: `sqlite:${sqliteTruth().path}`, newId: randomUUID() }, { make: true })
  try {
    await (await many()).commit(truth, entries)
    const pairs: [string, ...(string | number)[]][] = []
    const page = await truth.termPage(undefined, entries)
    for (const one of page) {
      for (const term of one.terms) pairs.push(['ZADD', `bare:${term}`, one.seq, memberOf(one)])
    }
    const [ours, bare]: [number[], number[]] = [[], []]
    for (let round = 0; round < 3; round += 1) {
      await redis.call('FLUSHALL')
      let began = performance.now()
      for (let at = 0; at < pairs.length; at += 1000) await redis.together(pairs.slice(at, at + 1000))
      bare.push(performance.now() - began)
      await redis.call('FLUSHALL')
      const lease = randomUUID()
      await redis.call('SET', `${redis.prefix}lease`, lease)
      const signal = new AbortController().signal
      began = performance.now()
      await rebuild({ truth, index, lease, resume: false, signal, sleep: async () => undefined })
      ours.push(performance.now() - began)
    }
    const rate = (times: readonly number[]): number => pairs.length / (Math.min(...times) / 1000)
    const what = `index, rebuild of ${entries} entries from SQLite`
    print(what, rate(ours), 'a bare pipelined ZADD', rate(bare), 'terms/s', 'at least 0.3')
  } finally {
    await truth.close()
    await index.close()
    await own.close()
  }
}

/** The same copies to three places, with and without a row of the index for each entry. */
async function workers(runs: number, print: Print): Promise<void> {
  const own = await ownRedis()
  const [key, endpoint, files] = [newKey(), registry('distribution'), manyRuns(runs)]
  const node = (...args: readonly string[]): Command => ({
    command: process.execPath,
    args: [BIN, ...args],
    env: cleanEnv(),
  })
  let n = 0
  const delivered = (indexed: boolean) => async (): Promise<Figure> => {
    const folder = scratch()
    const set = [
      `storage.oci.repository=${endpoint}/${freshName('search')}`,
      `storage.gcs.directory=${join(folder, 'gcs')}`,
      `storage.docdb.url=sqlite:${join(folder, 'prov.db')}`,
      ...(indexed ? [`index.url=${own.url}`, `index.namespace=n-${n++}`] : []),
    ]
    const more = ['--storage', 'oci,gcs,docdb', ...set.flatMap((one) => ['--set', one]), ...sqliteTruth().flags]
    await once(node('store', ...more, '--key', key.private, '--quiet', ...files))
    return once(node('worker', ...more, '--key', key.public, '--quiet', '--once'))
  }
  try {
    const figures = await rounds(3, { indexed: delivered(true), plain: delivered(false) })
    const rate = ({ ms }: Figure): number => (runs * 6) / (ms / 1000)
    const what = `one worker with the index, ${runs} runs`
    print(what, rate(figures.indexed), 'the same without', rate(figures.plain), 'copies/s', 'at least 0.9')
  } finally {
    await own.close()
  }
}

export async function searchBench(runs: number, print: Print): Promise<void> {
  await lookUps(print)
  await rebuilding(5_000, print)
  await workers(runs, print)
}
