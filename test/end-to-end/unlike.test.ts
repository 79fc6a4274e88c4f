/** Every kind of unlike copy has a mark, an exit status and a code of its own, in JSON and in text; `store` heals what can be healed. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { describeWith, REGISTRIES } from '../servers/endpoints.ts'
import type { Outcome } from '../support/cli.ts'
import { idsOf, linesOf, textOf, type Verdict, verdictOf } from '../support/lines.ts'
import { digestOf } from '../support/registry.ts'
import { type Kept, openStage, type Stage } from '../support/stage.ts'
import { layersIn } from '../support/tags.ts'
import { type Case, expectedLines } from './case.ts'
import { OCI_CASES } from './oci-cases.ts'
import { OUTAGES } from './outages.ts'
import { DEMAND_CASES, TEKTON_CASES } from './tekton-cases.ts'

/** What the text output has to say is asked once: it is made of the same report wherever the copies lie. */
interface Suite {
  readonly cases: readonly Case[]
  readonly asText: boolean
  readonly settings?: readonly string[]
}

function suite(kept: Kept, { cases, asText, settings }: Suite): void {
  let stage: Stage
  let ids: readonly string[]
  beforeAll(async () => {
    stage = await openStage(kept, settings)
    ids = idsOf(verdictOf(await stage.verify(['--json'])))
  })
  afterAll(() => stage[Symbol.asyncDispose]())
  beforeEach(() => stage.restore())

  it.each(cases)('$what: exit $exit', async (one) => {
    await one.harm(stage)
    await expectVerdict(stage, one, asText)
    if (one.heals === true) await expectHealed(stage, ids)
  })
}

async function expectVerdict(stage: Stage, one: Case, asText: boolean): Promise<void> {
  const { exit, finding } = one
  const args = typeof one.args === 'function' ? one.args(stage) : (one.args ?? [])
  const [json, text] = await Promise.all([
    stage.verify(['--json', ...args]),
    asText ? stage.verify(['--show', 'all', ...args]) : undefined,
  ])
  const verdict = verdictOf(json)
  expect(linesOf(verdict)).toEqual(expectedLines(one))
  expect([json.code, verdict.exit]).toEqual([exit, exit])
  const codes = verdict.findings.map(({ code }) => code)
  if (finding !== undefined) expect(codes).toContain(finding)
  if (exit === 0) expect(codes).toEqual([])
  else expect(codes.length).toBeGreaterThan(0)
  if (text !== undefined) expectSameInText(verdict, text)
}

function expectSameInText(verdict: Verdict, text: Outcome): void {
  expect(text.code).toBe(verdict.exit)
  const [read, ...lines] = text.stdout.split('\n').filter((line) => line !== '')
  expect(read).toMatch(/^read \d+ files?, \d+ runs?$/)
  const wanted = textOf(verdict)
  expect(lines.slice(0, wanted.length)).toEqual(wanted)
  const end = verdict.exit === 0 ? 'verified: all that is required agrees' : `not verified (exit ${verdict.exit})`
  expect(lines[wanted.length]).toMatch(end)
}

/** One more store, with the signatures that were there before: nothing is signed again. */
async function expectHealed(stage: Stage, ids: readonly string[]): Promise<void> {
  const healed = await stage.store()
  expect(healed.code, healed.stdout + healed.stderr).toBe(0)
  const verdict = verdictOf(await stage.verify(['--json']))
  expect(verdict.artifacts.flatMap(({ rows }) => rows.map(({ mark }) => mark))).toEqual(['=', '=', '=', '='])
  expect(verdict.exit).toBe(0)
  expect(idsOf(verdict)).toEqual(ids)
}

const DIRECTORY_CASES: readonly Case[] = [
  {
    what: 'an envelope altered in its file',
    harm: async (s) => {
      const [layer] = await layersIn(s.tags, s.att(s.a))
      writeFileSync(join(s.layout ?? '', 'blobs/sha256', layer?.digest.slice(7) ?? ''), 'altered')
    },
    odd: { 'oci dsse': '# digest_mismatch' },
    exit: 3,
    heals: true,
  },
  {
    what: 'an envelope whose file is gone',
    harm: async (s) => {
      const [layer] = await layersIn(s.tags, s.att(s.a))
      rmSync(join(s.layout ?? '', 'blobs/sha256', layer?.digest.slice(7) ?? ''))
    },
    odd: { 'oci dsse': '# copy_malformed' },
    exit: 3,
    heals: true,
  },
  {
    what: 'a manifest altered in its file',
    harm: async (s) => writeFileSync(await manifestFile(s), '{"altered":true}'),
    odd: { 'oci dsse': '# digest_mismatch' },
    exit: 3,
    heals: true,
  },
  {
    what: 'a manifest whose file is gone',
    harm: async (s) => rmSync(await manifestFile(s)),
    odd: { 'oci dsse': '# copy_malformed' },
    exit: 3,
    heals: true,
  },
  {
    what: 'an index that is none',
    harm: (s) => writeFileSync(join(s.layout ?? '', 'index.json'), 'altered'),
    odd: { 'oci dsse': '! response_invalid', 'oci raw': '! response_invalid' },
    exit: 6,
  },
  {
    what: 'an index that is a folder',
    harm: (s) => {
      rmSync(join(s.layout ?? '', 'index.json'))
      mkdirSync(join(s.layout ?? '', 'index.json'))
    },
    odd: { 'oci dsse': '! storage_io', 'oci raw': '! storage_io' },
    exit: 6,
  },
]

async function manifestFile(stage: Stage): Promise<string> {
  const bytes = (await stage.tags.manifest(stage.att(stage.a))) ?? Buffer.alloc(0)
  return join(stage.layout ?? '', 'blobs/sha256', digestOf(bytes).slice('sha256:'.length))
}

const OUTAGE_CASES = OUTAGES.map(
  ({ rule, harm, ...one }): Case => ({
    ...one,
    harm: async (stage) => {
      await harm?.(stage)
      stage.proxy?.use(rule)
    },
  }),
)

describe('unlike copies in annotations and a directory', () =>
  suite('layout', { cases: [...TEKTON_CASES, ...DEMAND_CASES, ...OCI_CASES, ...DIRECTORY_CASES], asText: true }))
describeWith(['distribution'], 'unlike copies where tags are written with markers', () =>
  suite('distribution', {
    cases: OCI_CASES.filter(({ what, heals }) => heals === true && /certificate|deleted|swapped/.test(what)),
    settings: ['storage.oci.tag-writes=markers'],
    asText: false,
  }),
)
for (const name of REGISTRIES) {
  describeWith([name], `unlike copies on ${name}`, () =>
    suite(name, { cases: [...OCI_CASES, ...OUTAGE_CASES], asText: false }),
  )
}
