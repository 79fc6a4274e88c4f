/** What `prov verify` prints by default: everything that needs attention, aligned, and nothing else. */
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../../src/errors.ts'
import { columnsOf } from '../../../src/platform/text/columns.ts'
import { attentionOf } from '../../../src/report/text/attention.ts'
import { verdictOf } from '../../../src/verify/verdict.ts'
import type { VerifiedArtifact } from '../../../src/verify/verify.ts'
import { BACKENDS, everyMark, many, type Scene, sceneOf } from '../forms/scene.ts'
import { type Row, signatureRow } from './rows.ts'

interface Look {
  readonly width?: number | undefined
  readonly colour?: boolean
  readonly wide?: boolean
}

function printed(
  { artifacts, head, summary }: Scene,
  { colour = false, wide = false, ...at }: Look = {},
): readonly string[] {
  const { demands, trust } = head
  const seen = attentionOf({ backends: [...BACKENDS], trust, demands, atHand: true, wide })
  for (const one of artifacts) seen.add(one)
  const text = seen.text({ exit: summary.exit, notes: [] }, { width: 'width' in at ? at.width : 80, colour })
  expect(text.endsWith('\n')).toBe(true)
  return text.split('\n').slice(0, -1)
}

const isBad = ({ exit }: VerifiedArtifact): boolean => exit !== 0

/** One artifact whose copies in the four backends have these marks. */
function artifact(name: string, marks: string, change: (row: Row) => Row = (row) => row): VerifiedArtifact {
  const rows = BACKENDS.map((backend, i) => change(signatureRow(backend, marks[i] ?? '=')))
  const agreement = { rows, strangers: [], references: [] }
  const verdict = verdictOf(agreement, { optional: [], strict: false })
  const facts = { type: 'run', kind: 'dsse', uri: `prov:taskrun/ci/${name}`, subjects: [] } as const
  return { artifact: `TaskRun ci/${name} (00000000-0000-4000-8000-000000000001)`, ...facts, ...agreement, ...verdict }
}

describe('what needs attention', () => {
  test('a headline, a row an artifact, the rest in one line, totals, checks', async () => {
    const lines = printed(await everyMark())
    expect(lines[0]).toMatch(/^✗ 4 of 6 artifacts need attention {2,}key SHA256:iYhlELFi…$/)
    expect(lines[1]).toMatch(/^ +tekton {2}oci {2}docdb {2}s3$/)
    expect(lines).toContain('✗ ci/checkout-9fk2m        #      =     ~    x    signature not valid')
    expect(lines).toContain('✗ ci/search-index-7tt1c    =      +     ~    !    missing')
    expect(lines).toContain('✓ 2 more: all copies agree')
    expect(lines).toContainEqual(
      expect.stringMatching(/^12 agree · 3 differ · 1 invalid · 3 missing · 2 unreadable · 1 foreign {2,}exit 3$/),
    )
    expect(lines.slice(-2).join('')).toMatch(
      /^checked: signatures by 1 trusted key · required: tekton, oci, docdb · optional: +s3 · subjects recomputed from the run$/,
    )
  })

  test('drift shows both values and who holds which', () => {
    const pointer = '/predicate/invocation/environment/labels/app.kubernetes.io~1managed-by'
    const odd = { pointer, reference: '"tekton-pipelines"', copy: '"somebody"' }
    const one = artifact('clone', '*x**', (row) => (row.backend === 'docdb' ? { ...row, differences: [odd] } : row))
    const [, , row] = printed(sceneOf([one]), { width: undefined })
    expect(row).toContain('labels/app.kubernetes.io/managed-by: "tekton-pipelines" (tekton, s3) ≠ "somebody" (docdb)')
  })

  test('who signed what is refused stands behind the reason, where that is short', () => {
    const refused = (code: ErrorCode, signer?: string) => (row: Row) =>
      row.mark === '#'
        ? { ...row, error: { code, message: 'a message' }, ...(signer === undefined ? {} : { signer }) }
        : row
    const reason = (change: (row: Row) => Row, look: Look = { width: undefined }): string =>
      printed(sceneOf([artifact('clone', '#', change)]), look)[2]?.replace(/^.*? {3,}#.*? {3}(?=\S)/, '') ?? ''
    const key = `SHA256:${'a'.repeat(43)}`
    expect(reason(refused('key_untrusted', key))).toContain('signed by another key (SHA256:aaaaaaaa…)')
    expect(reason(refused('identity_untrusted', 'eve@example.com'))).toContain('identity untrusted (eve@example.com)')
    expect(reason(refused('key_untrusted'))).not.toContain('(')
    expect(reason(refused('identity_untrusted', 'x'.repeat(81)))).not.toContain('(')
    const narrow = printed(sceneOf([artifact('clone', '#', refused('identity_untrusted', 'x'.repeat(50)))]), {
      width: 60,
    })
    for (const line of narrow) expect(columnsOf(line)).toBeLessThanOrEqual(60)
    expect(narrow.join(' ').replaceAll(/\s+/g, ' ')).toContain(`identity untrusted (${'x'.repeat(50)})`)
  })

  test('digests that differ beyond what is shown of them are shown in full', () => {
    const [a, b] = [`"${'a'.repeat(63)}1"`, `"${'a'.repeat(63)}2"`]
    const one = artifact('clone', '**', (row) =>
      row.backend === 'oci'
        ? { ...row, differences: [{ pointer: '/subject/0/digest/sha256', reference: a, copy: b }] }
        : row,
    )
    expect(printed(sceneOf([one]), { width: undefined })[2]).toContain(`digest/sha256: ${a} (tekton) ≠ ${b} (oci)`)
  })

  test('all is well: three lines', () => {
    const lines = printed(sceneOf([artifact('a', '===='), artifact('b', '=~=x')]), { width: undefined })
    expect(lines[0]).toMatch(/^✓ 2 artifacts: all copies agree {2,}key /)
    expect(lines.slice(1)).toEqual([
      '7 agree      exit 0',
      expect.stringMatching(/^checked: signatures by 1 trusted key · required: /),
    ])
  })

  test('what --optional forgives is not said to agree', () => {
    const agreement = artifact('a', '=++=')
    const forgiven = { ...agreement, exit: 0, findings: [] }
    const lines = printed(sceneOf([forgiven, artifact('b', '====')]), { width: undefined })
    expect(lines[0]).toContain('all that is required agrees')
    expect(lines).toContain('✓ 1: enough copies agree; what is missing or not readable is allowed')
  })

  test('two runs of one name are told apart by their uid', () => {
    const lines = printed(sceneOf([artifact('a', '+'), { ...artifact('a', '+'), artifact: 'PipelineRun ci/a (2)' }]))
    expect(lines.join('\n')).toContain('PipelineRun ci/a (2)')
    expect(lines.join('\n')).toContain('TaskRun ci/a (0000')
  })

  test('--wide: names, locations and codes in full', async () => {
    const text = printed(await everyMark(), { wide: true, width: undefined }).join('\n')
    expect(text).toContain('key SHA256:iYhlELFinnswDTCT6GQl0K+40t0gQaxTojTFyi55jVg')
    expect(text).toMatch(/^✗ TaskRun ci\/checkout-9fk2m \([0-9a-f-]{36}\)/m)
    expect(text).toMatch(/^ {4}# tekton run\.yaml#b: signature_invalid: /m)
  })
})

describe('many', () => {
  test('5,000 copies of which 21 are bad fit 40 lines, and every bad one is named', () => {
    const all = many(1050).artifacts
    const bad = all.filter(isBad)
    expect(all.length * BACKENDS.length).toBeGreaterThan(4100)
    expect(bad).toHaveLength(21)
    const more = many(1300)
      .artifacts.filter((one) => !isBad(one))
      .slice(0, 1229)
    const scene = sceneOf([...bad, ...more])
    for (const width of [undefined, 120, 80, 60]) {
      const lines = printed(scene, { width })
      if (width !== 60) expect(lines.length, String(width)).toBeLessThanOrEqual(40)
      for (const { artifact: name } of bad) expect(lines.join('\n')).toContain(name.split(' ')[1])
      expect(lines).toContain('✓ 1229 more: all copies agree')
    }
  })

  test('what is alike is folded: an outage of one backend names three', () => {
    const scene = sceneOf(Array.from({ length: 500 }, (_, i) => artifact(`run-${i}`, '==!=')))
    const lines = printed(scene)
    expect(lines.filter((line) => line.startsWith('✗ ci/'))).toHaveLength(3)
    expect(lines.join('\n')).toContain('497 more need attention')
    expect(lines.length).toBeLessThan(15)
  })
})

describe('layout', () => {
  test.each([40, 60, 80, 200])(
    '%i columns: nothing that can be broken is longer, marks stand under their backend',
    async (width) => {
      const scene = sceneOf([...(await everyMark()).artifacts, artifact('日本語-é', '#+!*')])
      const lines = printed(scene, { width })
      for (const line of lines)
        expect(columnsOf(line) > width && /\S {1,2}\S/.test(line.trim().slice(0, width)), line).toBe(false)
      const head = lines.find((line) => /^ +tekton {2}oci/.test(line))
      if (head === undefined) return
      const at = head.indexOf('docdb') + 2
      const marks = lines.filter((line) => line.startsWith('✗ ci/')).map((line) => cell(line, at))
      expect(marks.join('')).toMatch(/^[=~*#+!x]{5}$/)
    },
  )

  test('colour changes no column', async () => {
    const scene = await everyMark()
    const coloured = printed(scene, { colour: true })
    expect(coloured.join('')).toContain('\u001b[31m')
    expect(coloured.map(stripVTControlCharacters)).toEqual(printed(scene))
  })
})

/** The character in that column. */
function cell(line: string, column: number): string {
  let at = 0
  for (const character of line) {
    if (at === column) return character
    at += columnsOf(character)
  }
  return ''
}
