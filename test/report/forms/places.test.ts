/** Where reports go: whole or not at all. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openReports, type Reports } from '../../../src/report/forms/open.ts'
import type { Form, WantedReport } from '../../../src/report/forms/wanted.ts'
import { run } from '../../support/cli.ts'
import { scratch } from '../../support/scratch.ts'
import { many, type Scene } from './scene.ts'

const world = { stdout: process.stdout, now: () => 0, random: (size: number) => new Uint8Array(size).fill(7) }
const file = (form: Form, path: string): WantedReport => ({ form, to: { kind: 'file', path } })

async function fill(reports: Reports, { head, artifacts }: Scene): Promise<void> {
  await reports.begin(head)
  for (const one of artifacts) await reports.artifact(one)
}

describe('a file', () => {
  it('is replaced at the end, with its mode, through a symlink', async () => {
    const folder = scratch()
    const [path, link] = [join(folder, 'a.jsonl'), join(folder, 'link')]
    writeFileSync(path, 'old')
    chmodSync(path, 0o600)
    symlinkSync('a.jsonl', link)
    const reports = await openReports([file('jsonl', link), file('junit', join(folder, 'new.xml'))], world)
    await fill(reports, many(3))
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(existsSync(join(folder, 'new.xml'))).toBe(false)
    await reports.end({ exit: 0, notes: [] })
    await reports.discard()
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(5)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder).sort()).toEqual(['a.jsonl', 'link', 'new.xml'])
  })

  it('stays as it was when the work is given up, and nothing is left beside it', async () => {
    const folder = scratch()
    const path = join(folder, 'a.jsonl')
    writeFileSync(path, 'old')
    const reports = await openReports([file('jsonl', path)], world)
    await fill(reports, many(2))
    await reports.discard()
    expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['old', ['a.jsonl']])
  })

  it('that cannot be written is found out at once, and leaves nothing of the others', async () => {
    const folder = scratch()
    mkdirSync(join(folder, 'dir'))
    for (const bad of [join(folder, 'dir'), join(folder, 'nowhere/a')]) {
      const opening = openReports([file('jsonl', join(folder, 'ok')), file('sarif', bad)], world)
      await expect(opening).rejects.toMatchObject({ code: 'target_unwritable', location: bad })
    }
    expect(readdirSync(folder)).toEqual(['dir'])
  })

  it('that is full is an error with a code', async () => {
    const reports = await openReports([file('jsonl', '/dev/full')], world)
    await fill(reports, many(2))
    await expect(reports.end({ exit: 0, notes: [] })).rejects.toMatchObject({
      code: 'target_unwritable',
      location: '/dev/full',
    })
    await reports.discard()
  })

  it('grows while artifacts come, so that none of them is held', async () => {
    const folder = scratch()
    const reports = await openReports([file('jsonl', join(folder, 'a')), file('sarif', join(folder, 'b'))], world)
    await fill(reports, many(1000))
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
    expect(Math.max(...sizes)).toBeGreaterThan(1_000_000)
    await reports.discard()
  })
})

it('a pipe is written to, not replaced', async () => {
  const pipe = join(scratch(), 'pipe')
  await run('mkfifo', [pipe])
  const reading = run('cat', [pipe])
  const reports = await openReports([file('jsonl', pipe)], world)
  await fill(reports, many(1))
  await reports.end({ exit: 0, notes: [] })
  expect((await reading).stdout.split('\n')).toHaveLength(3)
})

it('a job summary is added to what stands there', async () => {
  const path = join(scratch(), 'summary.md')
  writeFileSync(path, 'of a step before\n')
  const reports = await openReports([{ form: 'github', to: { kind: 'append', path } }], world)
  await fill(reports, many(1))
  await reports.end({ exit: 0, notes: [] })
  expect(readFileSync(path, 'utf8')).toMatch(/^of a step before\n## ✅ prov verify/)
})
