import { createHash } from 'node:crypto'
import { Writable } from 'node:stream'
import { beforeAll, describe, expect, it } from 'vitest'
import { ERRORS } from '../../../src/errors.ts'
import { decodeEnvelope } from '../../../src/model/envelope.ts'
import { escapeControl } from '../../../src/platform/text/escape-control.ts'
import type { OpenForm } from '../../../src/report/forms/form.ts'
import { github } from '../../../src/report/forms/github.ts'
import { jsonl } from '../../../src/report/forms/jsonl.ts'
import { junit } from '../../../src/report/forms/junit.ts'
import { openReports } from '../../../src/report/forms/open.ts'
import { sarif } from '../../../src/report/forms/sarif.ts'
import { isForgiven, told } from '../../../src/report/forms/told.ts'
import { vsa } from '../../../src/report/forms/vsa.ts'
import { html } from '../../../src/report/html/report.ts'
import { checkEntry } from '../../../src/trust/verify-entry.ts'
import { signer, trustOf } from '../../support/makers.ts'
import { everyMark, many, type Scene, sceneOf, textOf } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await everyMark()
})

interface Json {
  readonly [key: string]: Json & string
}
const lines = (text: string): readonly Json[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Json)

describe('what the text says, every form says', () => {
  /** The report with its own escaping undone. */
  const READ: readonly (readonly [string, OpenForm, (text: string) => string])[] = [
    ['jsonl', jsonl, (text) => lines(text).map(deep).join('\n')],
    ['junit', junit, (text) => unescaped(text)],
    ['github', github, (text) => text.replaceAll('\\|', '|')],
    ['html', html, (text) => deep(dataOf(text))],
  ]

  it.each(READ)('%s', async (_, open, read) => {
    const said = escapeControl(read(await textOf(open, scene)).replaceAll('\n', ' '))
    const facts = scene.artifacts.flatMap((one) => [
      one.artifact,
      ...one.rows.flatMap((row) => [
        row.mark,
        row.backend,
        row.location ?? row.slot,
        row.error?.code,
        row.error?.message,
        row.detail,
      ]),
      ...one.strangers.flatMap((s) => [s.location.replace('\ud800', ''), s.code, s.message]),
      ...one.findings.flatMap((finding) => [finding.code, finding.message, finding.hint]),
    ])
    for (const fact of facts) if (fact !== undefined) expect(said).toContain(escapeControl(fact))
    for (const note of scene.summary.notes) if (open !== html) expect(said).toContain(note)
  })
})

describe('jsonl', () => {
  it('is one line an artifact as it stands in --json, and the summary', async () => {
    const all = lines(await textOf(jsonl, scene))
    expect(all).toHaveLength(scene.artifacts.length + 1)
    for (const [i, one] of scene.artifacts.entries()) {
      expect(all[i]).toEqual(JSON.parse(JSON.stringify({ record: 'artifact', ...one })))
    }
    expect(all.at(-1)).toMatchObject({
      record: 'summary',
      command: 'verify',
      exit: 3,
      totals: { artifacts: 6, findings: 9, strangers: 1, marks: { '=': 10 } },
    })
  })
})

describe('junit', () => {
  it('fails what counts, skips what is forgiven or not kept, and counts both', async () => {
    const text = await textOf(junit, scene)
    const each = scene.artifacts.map(told)
    const failing = each.flatMap(({ rows, beyond }) => [
      ...rows.filter(({ counts }) => counts !== undefined),
      ...beyond,
    ])
    const skipped = each.flatMap(({ rows }) => rows.filter((item) => item.row.mark === 'x' || isForgiven(item)))
    expect(failing.length).toBeGreaterThan(5)
    expect(skipped.some(isForgiven)).toBe(true)
    expect(text.match(/<failure /g)).toHaveLength(failing.length)
    expect(text.match(/<skipped /g)).toHaveLength(skipped.length + scene.summary.notes.length)
    const sum = (name: string): number =>
      [...text.matchAll(new RegExp(` ${name}="(\\d+)"`, 'g'))].reduce((n, [, digits]) => n + Number(digits), 0)
    expect([sum('tests'), sum('failures')]).toEqual([text.match(/<testcase /g)?.length, failing.length])
    expect(text).toContain('type="drift"')
  })

  it('holds no character that XML forbids', async () => {
    const odd = {
      ...(scene.artifacts[0] as NonNullable<(typeof scene.artifacts)[0]>),
      artifact: '\ufffe\u0000\ud800]]>\u001b',
    }
    expect(await textOf(junit, sceneOf([odd]))).not.toMatch(
      /[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|\]\]>/u,
    )
  })
})

describe('sarif', () => {
  it('says of work that was stopped that it did not end well', async () => {
    const summary = { ...scene.summary, exit: 130 }
    const { invocations } = JSON.parse(await textOf(sarif, { ...scene, summary })).runs[0]
    expect(invocations[0]).toMatchObject({ exitCode: 130, executionSuccessful: false })
  })

  it('has one result for each finding that counts, with its rule', async () => {
    const log = JSON.parse(await textOf(sarif, scene))
    const [{ results, tool, invocations }] = log.runs
    const findings = scene.artifacts.flatMap((one) => one.findings)
    expect(results.map((r: Json) => r['ruleId'])).toEqual(findings.map(({ code }) => code))
    expect(tool.driver.rules.map((rule: Json) => rule['id'])).toEqual(Object.keys(ERRORS))
    for (const { ruleId, ruleIndex, locations } of results) {
      expect(tool.driver.rules[ruleIndex].id).toBe(ruleId)
      expect(locations[0].physicalLocation.artifactLocation.uri).toMatch(/^[a-z0-9]+:[!-~]+$/)
    }
    expect(invocations[0]).toMatchObject({ exitCode: 3, executionSuccessful: true })
  })

  it('is whole without any finding', async () => {
    const log = JSON.parse(await textOf(sarif, sceneOf(scene.artifacts.slice(0, 2))))
    expect(log).toMatchObject({ version: '2.1.0', runs: [{ results: [] }] })
  })
})

describe('github', () => {
  it('has the verdict first, and no text of a store outside code spans', async () => {
    const text = await textOf(github, scene)
    expect(text).toMatch(/^## ❌ prov verify: not verified \(exit 3\)\n/)
    const free = text.replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, '')
    expect(free).not.toMatch(/@everyone|evil\.example|<img|<\/script/)
    const rows = text.split('\n').filter((line) => line.startsWith('|'))
    const cells = new Set(rows.map((line) => line.replaceAll('\\|', '').split('|').length))
    expect([...cells].sort()).toEqual([7])
  })

  it("stays under GitHub's limit, and says what is left out", async () => {
    const text = await textOf(github, many(10_000))
    expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024)
    expect(text).toMatch(/… and \d+ more artifacts; /)
    expect(text).toMatch(/^## ❌.*\n\n10000 artifacts, copies: `39800 =/)
  })
})

describe('vsa', () => {
  it('says of each artifact with a subject whether it passed, by which policy, from which copies', async () => {
    const bare = {
      ...(scene.artifacts[0] as NonNullable<(typeof scene.artifacts)[0]>),
      subjects: [{ name: 'x', digest: {} }],
    }
    const all = lines(await textOf(vsa, sceneOf([...scene.artifacts, bare])))
    expect(all).toHaveLength(scene.artifacts.length)
    for (const [i, statement] of all.entries()) {
      const one = scene.artifacts[i]
      const { predicate } = statement as unknown as { predicate: Json & { policy: Json } }
      expect(statement).toMatchObject({
        _type: 'https://in-toto.io/Statement/v1',
        predicateType: 'https://slsa.dev/verification_summary/v1',
        subject: one?.subjects,
      })
      expect(predicate).toMatchObject({
        verifier: { id: 'prov:verifier', version: { prov: '0.1.0' } },
        timeVerified: '2026-11-25T09:30:00.000Z',
        resourceUri: one?.uri,
        verificationResult: one?.exit === 0 ? 'PASSED' : 'FAILED',
        verifiedLevels: one?.exit === 0 ? ['SLSA_BUILD_LEVEL_UNEVALUATED', 'PROV_COPIES_AGREE'] : ['FAILED'],
      })
      const { content = '', digest } = predicate.policy as unknown as { content: string; digest: object }
      expect(digest).toEqual({ sha256: createHash('sha256').update(Buffer.from(content, 'base64')).digest('hex') })
      expect(JSON.parse(Buffer.from(content, 'base64').toString())).toMatchObject({
        optional: ['s3'],
        trust: scene.head.trust.hash,
      })
      const inputs = predicate['inputAttestations'] as unknown as readonly { digest: { sha256: string } }[]
      const entries = (one?.rows ?? []).flatMap((row) => row.entry ?? [])
      expect(inputs.map((input) => input.digest.sha256)).toEqual(entries.map((entry) => entry.split(':').at(-1)))
    }
  })

  it('with a key is an envelope a line, which the key and no other verifies', async () => {
    const [ours, theirs] = [await signer(), await signer()]
    let text = ''
    const stdout = new Writable({
      write(chunk, _, done) {
        text += chunk
        done()
      },
    })
    const random = (size: number): Uint8Array => new Uint8Array(size)
    const reports = await openReports([{ form: 'vsa', to: { kind: 'stdout' } }], {
      stdout,
      random,
      now: () => scene.head.began,
      signer: ours,
    })
    await reports.begin(scene.head)
    for (const one of scene.artifacts) await reports.artifact(one)
    await reports.end({ exit: 3, notes: [] })
    const envelopes = text
      .trimEnd()
      .split('\n')
      .map((line) => decodeEnvelope(Buffer.from(line)))
    const statements = envelopes.map((entry) => Buffer.from(entry.payload).toString()).join('\n')
    expect(`${statements}\n`).toBe(await textOf(vsa, scene))
    for (const entry of envelopes) {
      expect(entry.payloadType).toBe('application/vnd.in-toto+json')
      expect(checkEntry(entry, trustOf(ours)).verified).toHaveLength(1)
      expect(checkEntry(entry, trustOf(theirs)).verified).toHaveLength(0)
    }
  })
})

/** Every text in a JSON value. */
function deep(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null ? Object.values(value).map(deep).join('\n') : ''
}

function dataOf(page: string): unknown {
  return JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? '')
}

function unescaped(xml: string): string {
  return xml
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#10;', '\n')
    .replaceAll('&amp;', '&')
}
