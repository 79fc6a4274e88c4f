/** Writers at once: the same run stored twice, and two runs that stand in one file. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { describeWith, registry } from '../servers/endpoints.ts'
import { cleanEnv, prov } from '../support/cli.ts'
import { linesOf, verdictOf } from '../support/lines.ts'
import { digestOf, freshName } from '../support/registry.ts'
import { type RunWithImage, runOfImage, runWithImage } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { type KeyFiles, newKey } from '../support/stage.ts'
import { layersIn, layoutTags, registryTags, type Tags } from '../support/tags.ts'
import type { Round } from './list-writer.ts'

interface Fresh {
  readonly run: RunWithImage
  readonly where: readonly string[]
  readonly tags: Tags
}

async function onRegistry(): Promise<Fresh> {
  const endpoint = registry('distribution')
  const run = await runWithImage(endpoint)
  return { run, where: ['--storage', 'tekton,oci'], tags: registryTags(endpoint, run.name) }
}

async function inDirectory(): Promise<Fresh> {
  const [endpoint, name, layout] = ['registry.example', freshName('twice'), join(scratch(), 'copies')]
  const run = runOfImage({ endpoint, name, digest: digestOf(Buffer.from(name)) })
  const where = ['--storage', 'tekton,oci', '--set', `storage.oci.layout=${layout}`]
  return { run, where, tags: layoutTags(layout, `${endpoint}/${name}`) }
}

async function storeTwice(fresh: () => Promise<Fresh>, key: KeyFiles): Promise<void> {
  const { run, where, tags } = await fresh()
  const store = () => prov(['store', ...where, '--key', key.private, run.file])
  const both = await Promise.all([store(), store()])
  expect(
    both.map(({ code }) => code),
    both.map(({ stdout, stderr }) => stdout + stderr).join('\n'),
  ).toEqual([0, 0])
  const outcome = await prov(['verify', '--json', '--strict', ...where, '--key', key.public, run.file])
  const verdict = verdictOf(outcome)
  expect([outcome.code, linesOf(verdict)]).toEqual([0, ['oci dsse =', 'oci raw =', 'tekton dsse =', 'tekton raw =']])
  for (const { rows } of verdict.artifacts) expect(new Set(rows.flatMap((row) => row.signatures ?? [])).size).toBe(1)
  for (const kind of ['att', 'sig']) {
    expect(await layersIn(tags, `${run.digest.replace(':', '-')}.${kind}`)).toHaveLength(1)
  }
}

const KEYS = [...Array.from({ length: 8 }, () => 'ec' as const), 'rsa' as const, 'ed25519' as const]
const ROUNDS = KEYS.map((type, i) => ({ type, round: i + 1 }))

describeWith(['distribution'], 'one run stored twice at once in a registry', () => {
  it.each(ROUNDS)('is stored once: round $round, $type', ({ type }) => storeTwice(onRegistry, newKey(type)))
})

describe('one run stored twice at once in a directory', () => {
  it.each(ROUNDS)('is stored once: round $round, $type', ({ type }) => storeTwice(inDirectory, newKey(type)))
})

describe('two runs of one List, stored at once by two processes', () => {
  const key = newKey()
  const writers: ChildProcess[] = []

  beforeAll(async () => {
    for (let i = 0; i < 2; i++) {
      const writer = fork(join(import.meta.dirname, 'list-writer.ts'), { env: cleanEnv({ KEY: key.private }) })
      await once(writer, 'message')
      writers.push(writer)
    }
  })
  afterAll(() => {
    for (const writer of writers) writer.kill()
  })

  /** A List of two runs that build the same image; returns its file and their uids. */
  function newList(folder: string, n: number): { readonly file: string; readonly uids: readonly string[] } {
    const name = freshName('list')
    const runs = [1, 2].map(() =>
      runOfImage({ endpoint: 'registry.example', name, digest: digestOf(Buffer.from(name)) }),
    )
    const items = runs.map(({ file }, i) => {
      const run = parse(readFileSync(file, 'utf8')) as { status: { startTime: string } }
      return { ...run, status: { ...run.status, startTime: `2026-11-18T09:12:0${i}Z` } }
    })
    const file = join(folder, `list-${n}.json`)
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2))
    return { file, uids: runs.map(({ uid }) => uid) }
  }

  const survivors = (file: string, uids: readonly string[]): number => {
    const { items } = JSON.parse(readFileSync(file, 'utf8')) as {
      items: { metadata: { annotations: Record<string, string> } }[]
    }
    const whole = items.every(({ metadata: { annotations } }, i) =>
      ['signed', ...['payload', 'signature', 'cert', 'chain'].map((part) => `${part}-taskrun-${uids[i]}`)].every(
        (name) => `chains.tekton.dev/${name}` in annotations,
      ),
    )
    return whole ? 1 : 0
  }

  it('both survive, 200 of 200 times', { timeout: 180_000 }, async () => {
    const folder = scratch()
    const layout = join(folder, 'copies')
    let survived = 0
    for (let n = 0; n < 200; n++) {
      const { file, uids } = newList(folder, n)
      const answers = writers.map((writer) => once(writer, 'message'))
      for (const [item, writer] of writers.entries()) writer.send({ file, layout, item } satisfies Round)
      expect((await Promise.all(answers)).map(([answer]) => answer)).toEqual([{ exit: 0 }, { exit: 0 }])
      survived += survivors(file, uids)
    }
    expect(survived).toBe(200)
    const where = ['--storage', 'tekton,oci', '--set', `storage.oci.layout=${layout}`, '--format', 'slsa/v1']
    const sample = Array.from({ length: 20 }, (_, i) => join(folder, `list-${i * 10}.json`))
    const outcome = await prov(['verify', '--json', ...where, '--key', key.public, ...sample])
    const lines = linesOf(verdictOf(outcome)).filter((line) => line.includes('dsse'))
    expect(lines).toEqual([
      ...Array.from({ length: 40 }, () => 'oci dsse ='),
      ...Array.from({ length: 40 }, () => 'tekton dsse ='),
    ])
  })

  it('both survive through the command line as well', async () => {
    for (let n = 0; n < 4; n++) {
      const folder = scratch()
      const { file, uids } = newList(folder, n)
      const where = ['--storage', 'tekton,oci', '--set', `storage.oci.layout=${join(folder, 'copies')}`]
      const store = (uid: string) => prov(['store', ...where, '--key', key.private, '--run', uid, file])
      const outcomes = await Promise.all(uids.map(store))
      expect(outcomes.map(({ code }) => code)).toEqual([0, 0])
      expect(survivors(file, uids)).toBe(1)
      expect((await prov(['verify', ...where, '--key', key.public, file])).code).toBe(0)
    }
  })
})
