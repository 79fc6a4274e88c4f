/** `prov migrate` as a user types it. */
import { createPublicKey, verify } from 'node:crypto'
import { appendFileSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { decodeEnvelope, signedBytes } from '../../src/model/envelope.ts'
import { readStatement } from '../../src/model/statement.ts'
import { idSet } from '../../src/platform/async/hashed-set.ts'
import { prov } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { embedded } from '../support/stored-set.ts'

const env = { COSIGN_PASSWORD: PASSWORD }

/** Flags for embedded stores that hold what was made of the fixtures' runs. */
async function stored(storage: string): Promise<{ readonly set: readonly string[]; readonly runs: string }> {
  const runs = runFixture('images-list-taskrun.yaml')
  const set = Object.entries(embedded()).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const { code, stderr } = await prov(['store', '--storage', storage, '--key', PRIVATE_KEY, ...set, runs], { env })
  expect(code, stderr).toBe(0)
  return { set, runs }
}

describe('what belongs to runs at hand', () => {
  test('is moved from the run files, and verifies where it went', async () => {
    const { set, runs } = await stored('tekton')
    const flags = ['--from', 'tekton', '--to', 'docdb,gcs,oci', '--key', PUBLIC_KEY, ...set]
    const first = await prov(['migrate', ...flags, runs])
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('tekton to docdb, gcs, oci: 3 moved') })
    const again = await prov(['migrate', ...flags, runs])
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('3 there already') })
    const verified = await prov(['verify', '--storage', 'tekton,docdb,gcs,oci', '--key', PUBLIC_KEY, ...set, runs])
    expect(verified).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/all copies agree .*\n13 agree {6}exit 0\n/),
    })
  })

  test('is moved back into run files that have lost it', async () => {
    const { set } = await stored('tekton,oci')
    const fresh = runFixture('images-list-taskrun.yaml')
    const { code } = await prov(['migrate', '--from', 'oci', '--to', 'tekton', '--key', PUBLIC_KEY, ...set, fresh])
    expect(code).toBe(0)
    expect((await prov(['verify', '--storage', 'tekton,oci', '--key', PUBLIC_KEY, ...set, fresh])).code).toBe(0)
  })
})

test('one configuration for the source, another for the targets', async () => {
  const { set } = await stored('docdb')
  const other = join(scratch(), 'other.db')
  const flags = [
    '--from',
    'docdb',
    '--to',
    'docdb',
    '--to-set',
    `storage.docdb.url=sqlite:${other}`,
    '--key',
    PUBLIC_KEY,
  ]
  expect(await prov(['migrate', ...flags, ...set])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('3 moved'),
  })
  const listed = await prov(['list', '--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${other}`])
  expect(listed.stdout.trim().split('\n')).toHaveLength(3)
})

test('JSON lines: one an entry, the summary last', async () => {
  const { set } = await stored('docdb')
  const { stdout, code } = await prov([
    'migrate',
    '--json',
    '--from',
    'docdb',
    '--to',
    's3',
    '--key',
    PUBLIC_KEY,
    ...set,
  ])
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(code).toBe(0)
  expect(lines.slice(0, -1).map(({ outcome, verified }) => [outcome, verified])).toEqual(Array(3).fill(['moved', true]))
  expect(lines.at(-1)).toMatchObject({ command: 'migrate', complete: true, exit: 0, counts: { moved: 3, left: 0 } })
})

describe('filters', () => {
  test('by kind, subject, format and age', async () => {
    const { set } = await stored('docdb')
    const flags = ['--from', 'docdb', '--to', 's3', '--key', PUBLIC_KEY, '--dry-run', '--json', ...set]
    const planned = async (...filter: string[]) => {
      const { stdout } = await prov(['migrate', ...flags, ...filter])
      const { counts } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { counts: Record<string, number> }
      return counts['planned']
    }
    expect(await planned()).toBe(3)
    expect(await planned('--kind', 'raw')).toBe(2)
    const digest = '34d5d6d6093cce749a758a4d854faa008c879efcf1a804117baf0d36438bf7b8'
    expect(await planned('--subject', digest)).toBe(2)
    expect(await planned('--format', 'slsa/v1')).toBe(1)
    expect(await planned('--format', 'slsa/v2alpha4,simplesigning')).toBe(2)
    expect(await planned('--since', '2020-01-01')).toBe(1)
    expect(await planned('--before', '2020-01-01')).toBe(0)
    expect(await planned('--since', '1h')).toBe(0)
  })

  test('--subject also narrows what belongs to runs at hand, in any spelling', async () => {
    const { set, runs } = await stored('docdb')
    const digest = 'sha256:34D5D6D6093CCE749A758A4D854FAA008C879EFCF1A804117BAF0D36438BF7B8'
    const flags = ['--from', 'docdb', '--to', 's3', '--key', PUBLIC_KEY, '--dry-run', '--subject', digest, ...set]
    expect((await prov(['migrate', ...flags, runs])).stdout).toContain('2 to be moved, 1 not asked for')
    expect((await prov(['migrate', ...flags])).stdout).toContain('2 to be moved')
  })

  test('by namespace, which no registry tells, is refused', async () => {
    const { set } = await stored('oci')
    const { code, stderr } = await prov([
      'migrate',
      '--from',
      'oci',
      '--to',
      's3',
      '--key',
      PUBLIC_KEY,
      '-n',
      'ci',
      ...set,
    ])
    expect(code).toBe(2)
    expect(stderr).toContain('nothing in a registry says in which namespace its run was')
  })

  test('list takes a subject in the same spellings, and refuses what is none', async () => {
    const base = ['list', '--storage', 'docdb', '--set', 'storage.docdb.url=sqlite:none.db', '--subject']
    expect(await prov([...base, `sha256:${'AB'.repeat(32)}`])).toMatchObject({ code: 0, stdout: '' })
    const { code, stderr } = await prov([...base, '34d5d6d6093c'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('is not a digest') })
  })

  test.each([
    [['--subject', '34d5d6d6093c'], 'is not a digest'],
    [['--since', 'yesterday'], 'not a valid date'],
    [['--shard', '5/4'], 'not a part of the work'],
    [['--shard', '/4'], 'JOB_COMPLETION_INDEX'],
    [['--record', 'moves.jsonl'], '--record needs a key'],
    [['--record-key', 'cosign.key'], '--record-key goes with --record'],
    [['--concurrency', '0'], 'whole number'],
  ])('%j is refused', async (flags, message) => {
    const base = ['migrate', '--from', 'docdb', '--to', 's3', '--key', PUBLIC_KEY]
    const { code, stderr } = await prov([...base, '--set', 'storage.docdb.url=sqlite:none.db', ...flags])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})

test.each([
  [['--from', 'docbd', '--to', 's3'], 'did you mean docdb'],
  [['--from', 'docdb,s3', '--to', 'gcs'], '--from takes one backend'],
  [['--from', 'tekton', '--to', 'gcs'], 'cannot list'],
  [['--from', 'docdb', '--to', 'memory'], 'keeps nothing'],
])('%j is refused with a hint', async (flags, message) => {
  const set = Object.entries(embedded()).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const { code, stderr } = await prov(['migrate', ...flags, '--key', PUBLIC_KEY, ...set])
  expect(code).toBe(2)
  expect(stderr).toContain(message)
})

test('an empty source is no success', async () => {
  const set = Object.entries(embedded()).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const { code, stdout } = await prov(['migrate', '--from', 'docdb', '--to', 's3', '--key', PUBLIC_KEY, ...set])
  expect(code).toBe(5)
  expect(stdout).toContain('nothing found')
})

test('what the source has in several places is planned once, as it is written once', async () => {
  const { set } = await stored('oci')
  const flags = ['--from', 'oci', '--to', 's3', '--key', PUBLIC_KEY, '--json', '--concurrency', '1', ...set]
  const summary = async (...more: string[]) => {
    const { stdout } = await prov(['migrate', ...flags, ...more])
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { counts: Record<string, number>; bytes: number }
  }
  const plan = await summary('--dry-run')
  const real = await summary()
  expect(plan.counts).toMatchObject({ planned: 3, unchanged: 1 })
  expect(real.counts).toMatchObject({ moved: 3, unchanged: 1 })
  expect(plan.bytes).toBe(real.bytes)
})

test('a signed record says what went where', async () => {
  const { set } = await stored('docdb')
  const record = join(scratch(), 'moves.jsonl')
  const flags = ['--record', record, '--record-key', PRIVATE_KEY, '--delete-source', '--key', PUBLIC_KEY]
  const { code } = await prov(['migrate', '--from', 'docdb', '--to', 's3,gcs', ...flags, ...set], { env })
  expect(code).toBe(0)
  const [line = '', ...more] = readFileSync(record, 'utf8').trim().split('\n')
  expect(more).toEqual([])
  const entry = decodeEnvelope(Buffer.from(line))
  const key = createPublicKey(readFileSync(PUBLIC_KEY))
  expect(verify('sha256', signedBytes(entry), key, entry.signatures[0]?.sig ?? Buffer.of())).toBe(true)
  const statement = readStatement(entry.payload)
  expect(statement?.subjects).toHaveLength(3)
  expect(statement?.predicate).toMatchObject({
    from: 'docdb',
    to: ['s3', 'gcs'],
    entries: Array(3).fill(
      expect.objectContaining({ removed: true, verified: true, to: [expect.anything(), expect.anything()] }),
    ),
  })
  expect((await prov(['list', '--storage', 'docdb', ...set])).stdout).toBe('')
})

test('the record of a run that went before stays, and a refused run leaves nothing', async () => {
  const { set } = await stored('docdb')
  const folder = scratch()
  const record = join(folder, 'moves.jsonl')
  const flags = ['--record', record, '--record-key', PRIVATE_KEY, '--delete-source', '--key', PUBLIC_KEY, ...set]
  expect((await prov(['migrate', '--from', 'tekton', '--to', 's3', ...flags], { env })).code).toBe(2)
  expect((await prov(['migrate', '--from', 'docdb', '--to', 's3', ...flags, '--since', 'x'], { env })).code).toBe(2)
  expect(readdirSync(folder)).toEqual([])
  expect((await prov(['migrate', '--from', 'docdb', '--to', 's3', '--kind', 'raw', ...flags], { env })).code).toBe(0)
  appendFileSync(record, '{"half a li')
  expect((await prov(['migrate', '--from', 'docdb', '--to', 's3', ...flags], { env })).code).toBe(0)
  expect((await prov(['migrate', '--from', 'docdb', '--to', 's3', ...flags], { env })).code).toBe(5)
  const [first = '', half, second = '', ...more] = readFileSync(record, 'utf8').trim().split('\n')
  const subjects = [first, second].map((line) => readStatement(decodeEnvelope(Buffer.from(line)).payload)?.subjects)
  expect(subjects.map((list) => list?.length)).toEqual([2, 1])
  expect([half, more]).toEqual(['{"half a li', []])
  expect(readdirSync(folder)).toEqual(['moves.jsonl'])
})

describe('--delete-source from a place into itself', () => {
  const base = ['--key', PUBLIC_KEY, '--delete-source']
  const count = async (set: readonly string[]) => {
    const { stdout } = await prov(['list', '--storage', 's3', ...set])
    return stdout.trim().split('\n').length
  }

  test('is refused before anything is touched', async () => {
    const { set } = await stored('s3')
    const { code, stderr } = await prov(['migrate', '--from', 's3', '--to', 'gcs,s3', ...base, ...set])
    expect(code).toBe(2)
    expect(stderr).toContain('--delete-source would take out of s3 what is to be in s3')
    expect(await count(set)).toBe(3)
  })

  test.each(['s3', 'gcs'])('is found out under another name (%s), and loses nothing', async (to) => {
    const { set } = await stored('s3')
    const directory = set.find((one) => one.startsWith('storage.s3.directory='))?.split('=')[1] ?? ''
    const link = join(scratch(), 'link')
    symlinkSync(directory, link)
    const other = ['--to-set', `storage.${to}.directory=${link}`]
    const { code, stderr } = await prov(['migrate', '--from', 's3', '--to', to, ...base, ...set, ...other])
    expect(code).toBe(2)
    expect(stderr).toContain('source and target are one place')
    expect(await count(set)).toBe(3)
    const runs = runFixture('images-list-taskrun.yaml')
    expect((await prov(['verify', '--storage', 's3', '--key', PUBLIC_KEY, ...set, runs])).code).toBe(0)
  })
})

test('the summary says which target keeps nothing of the kind', async () => {
  const { set } = await stored('docdb')
  const flags = ['--from', 'docdb', '--to', 's3,tekton', '--kind', 'raw', '--key', PUBLIC_KEY, ...set]
  const { code, stdout } = await prov(['migrate', ...flags, '--tekton-file', join(scratch(), 'runs.yaml')])
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('  2 not kept by tekton\n') })
  expect(stdout).toContain('migrated: every entry found is in every target that keeps it')
})

test('a wrong key moves nothing', async () => {
  const { set } = await stored('docdb')
  const key = join(scratch(), 'other')
  await prov(['keys', 'generate', '--output', key], { env })
  const { code, stdout } = await prov(['migrate', '--from', 'docdb', '--to', 's3', '--key', `${key}.pub`, ...set])
  expect(code).toBe(3)
  expect(stdout).toContain('3 left behind')
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('(exit 3); what was left behind is listed above')
  expect((await prov(['list', '--storage', 's3', ...set])).stdout).toBe('')
})

test('--emit-job prints a Job that does the same in shards', async () => {
  const args = ['--from', 'docdb', '--to', 's3', '--key', 'keys/cosign.pub', '--config=chains.yaml', '--rate', '50']
  const { stdout, code } = await prov([
    'migrate',
    ...args,
    '--emit-job',
    '--shard',
    '/8',
    '--job-image',
    'registry.example/prov:1',
  ])
  expect(code).toBe(0)
  const job = parse(stdout)
  expect(job).toMatchObject({
    apiVersion: 'batch/v1',
    kind: 'Job',
    spec: { completionMode: 'Indexed', completions: 8, parallelism: 8, template: { spec: { restartPolicy: 'Never' } } },
  })
  expect(job.spec.template.spec.containers[0].image).toBe('registry.example/prov:1')
  expect(job.spec.template.spec.containers[0].args).toEqual(
    'migrate --from docdb --to s3 --key /etc/prov/cosign.pub --config /etc/prov/chains.yaml --rate 50 --shard /8'.split(
      ' ',
    ),
  )
  expect(stdout).toContain('--from-file=keys/cosign.pub --from-file=chains.yaml')
})

test('--emit-job tells files of one name apart, and pods that ask the cluster get a token', async () => {
  const args = ['--from', 'docdb', '--to=s3,tekton', '-ka/cosign.pub', '--key', 'my keys/cosign.pub']
  const { stdout, code } = await prov(['migrate', ...args, '--emit-job'])
  expect(code).toBe(0)
  expect(stdout).toContain("prov-migrate --from-file=a/cosign.pub --from-file='2-cosign.pub=my keys/cosign.pub'\n")
  const { spec } = parse(stdout).spec.template
  expect(spec.automountServiceAccountToken).toBe(true)
  expect(spec.containers[0].args.join(' ')).toContain('-k /etc/prov/cosign.pub --key /etc/prov/2-cosign.pub')
})

test.each([
  [['--record', 'moves.jsonl', '--record-key', 'cosign.key'], 'the pods have no such file'],
  [['--tekton-file', 'runs.yaml'], 'the pods have no such file'],
  [['--since', 'yesterday'], 'not a valid date'],
  [['--to-set', 'storage.docdb.url=mongo://me:secret@host/db/c'], 'is a secret'],
])('--emit-job with %j is refused', async (flags, message) => {
  const { stdout, stderr, code } = await prov(['migrate', '--from', 's3', '--to', 'docdb', '--emit-job', ...flags])
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
  expect(stderr).toContain(message)
})

test('a damaged place that says its run is found once, and mended where it is', async () => {
  const { set, runs } = await stored('s3,docdb')
  const folder = set.find((one) => one.startsWith('storage.s3.directory='))?.split('=')[1] ?? ''
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const payload = files.find((file) => /\/taskrun-[^/]*\.payload$/.test(file)) ?? ''
  writeFileSync(join(folder, payload), 'garbage')
  const flags = ['--storage', 's3,docdb', '--key', PUBLIC_KEY, ...set]
  const { code, stdout } = await prov(['verify', '--all', '--show', 'all', ...flags])
  expect(code).toBe(3)
  expect(stdout).toContain('3 artifacts\n  s3: 2 =, 1 #\n  docdb: 3 =\n')
  const repaired = await prov(['repair', '--all', '--apply', ...flags])
  expect(repaired).toMatchObject({ code: 0, stdout: expect.stringContaining('copies 5 right, 1 repaired') })
  expect((await prov(['verify', ...flags, runs])).code).toBe(0)
  expect((await prov(['verify', '--all', ...flags])).stdout).toContain('✓ 3 artifacts: all copies agree')
})

test('a set of ids knows what it holds', () => {
  const set = idSet()
  for (let n = 0; n < 50_000; n++) expect(set.add(`raw:sha256:${n}`)).toBe(true)
  expect(set.size).toBe(50_000)
  for (let n = 0; n < 50_000; n++)
    if (!set.has(`raw:sha256:${n}`) || set.has(`dsse:sha256:${n}`)) throw new Error(`${n}`)
  expect(set.add('raw:sha256:7')).toBe(false)
})

test.each([
  ['verify', ['--kind', 'raw']],
  ['verify', ['--fail-fast']],
  ['verify', ['--sample', '5%']],
  ['repair', ['--shard', '1/2']],
  ['repair', ['--since', '30d']],
])('%s takes %j only with --all', async (command, flags) => {
  const base = [command, '--storage', 'tekton', '--key', PUBLIC_KEY]
  const { code, stderr } = await prov([...base, ...flags, runFixture('images-list-taskrun.yaml')])
  expect(code).toBe(2)
  expect(stderr).toContain(`${flags[0]} goes with --all`)
})

test.each([[['--run', 'x']], [['--format', 'slsa/v1']], [['--image', `r.example/a@sha256:${'a'.repeat(64)}`]]])(
  'repair --all takes no %j',
  async (flags) => {
    const { code, stderr } = await prov(['repair', '--all', '--storage', 'tekton', '--key', PUBLIC_KEY, ...flags])
    expect(code).toBe(2)
    expect(stderr).toContain(`--all takes no ${flags[0]}`)
  },
)
