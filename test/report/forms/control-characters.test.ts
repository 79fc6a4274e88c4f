/** No report and no JSON brings a control character of a store to a terminal or a viewer: not C0, not DEL, not C1, not those that turn writing. */
import { describe, expect, it } from 'vitest'
import { escapeControl, escapeControlJson } from '../../../src/platform/text/escape-control.ts'
import { jsonl } from '../../../src/report/forms/jsonl.ts'
import { sarif } from '../../../src/report/forms/sarif.ts'
import { vsa } from '../../../src/report/forms/vsa.ts'
import type { VerifiedArtifact } from '../../../src/verify/verify.ts'

const EVIL = 'a\u001b[2J\u007f\u0085\u009b31m\u202eb'
const RAW = /(?!\n)[\p{Cc}\p{Bidi_Control}]/u

const artifact: VerifiedArtifact = {
  artifact: `TaskRun ci/${EVIL}`,
  uri: `tekton:${EVIL}`,
  kind: 'dsse',
  subjects: [{ name: EVIL, digest: { sha256: 'a'.repeat(64) } }],
  rows: [{ backend: 'gcs', mark: '#', location: `g/${EVIL}`, error: { code: 'copy_malformed', message: EVIL } }],
  strangers: [],
  findings: [{ code: 'copy_malformed', message: EVIL, backend: 'gcs', location: `g/${EVIL}` }],
  exit: 3,
} as unknown as VerifiedArtifact
const head = {
  version: '0',
  began: 0,
  backends: ['gcs'],
  demands: { optional: [], strict: false },
  trust: { hash: 'x', keyids: [] },
  policy: { content: '{}', hash: 'sha256:00' },
  verifier: 'v',
}
const totals = {
  artifacts: 1,
  findings: 1,
  strangers: 0,
  marks: { '=': 0, '~': 0, '*': 0, '#': 1, '+': 0, '!': 0, x: 0 },
}

describe.each([
  ['sarif', sarif],
  ['jsonl', jsonl],
  ['vsa', vsa],
] as const)('%s', (name, open) => {
  it('holds none of them', async () => {
    const form = open({ now: () => 0 })
    const text = [
      form.begin(head),
      await form.artifact(artifact),
      form.end({ exit: 3, ended: 0, notes: [EVIL], totals }),
    ].join('')
    expect(text.length).toBeGreaterThan(100)
    expect(text).not.toMatch(RAW)
    if (name !== 'sarif') return
    const { runs } = JSON.parse(text) as { runs: readonly { results: readonly { message: { text: string } }[] }[] }
    const shown = runs[0]?.results[0]?.message.text ?? ''
    expect(shown).toContain('\\u009b31m')
    expect(shown).not.toMatch(RAW)
  })
})

it('JSON has the same value as before', () => {
  expect(JSON.parse(escapeControlJson(JSON.stringify({ [EVIL]: EVIL })))).toEqual({ [EVIL]: EVIL })
  expect(escapeControlJson(JSON.stringify(EVIL))).not.toMatch(RAW)
  expect(escapeControl(EVIL)).not.toMatch(RAW)
})
