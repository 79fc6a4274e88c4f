/** `prov verify --output … --report …` as users run it. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeEnvelope } from '../../../src/model/envelope.ts'
import { loadTrust } from '../../../src/trust/trusted-keys.ts'
import { checkEntry } from '../../../src/trust/verify-entry.ts'
import { BIN, type Outcome, prov, type Run, run } from '../../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../../support/runs.ts'
import { scratch } from '../../support/scratch.ts'
import { editRun, newKey } from '../../support/stage.ts'

let where: readonly string[]
let file: string
const key = newKey()

const verify = (args: readonly string[], options: Run = {}): Promise<Outcome> =>
  prov(['verify', ...where, '--key', key.public, ...args, file], options)

beforeAll(async () => {
  const folder = scratch()
  file = runFixture('buildpacks-taskrun.yaml')
  const places = [`storage.oci.layout=${folder}/oci`, `storage.docdb.url=sqlite:${folder}/p.db`]
  where = ['--storage', 'tekton,oci,docdb', ...places.flatMap((place) => ['--set', place])]
  expect((await prov(['store', ...where, '--key', key.private, file])).code).toBe(0)
})

describe('prov verify', () => {
  it('writes every form at once, and its text as ever', async () => {
    const out = scratch()
    const names = ['jsonl', 'junit', 'sarif', 'github', 'vsa']
    const args = [...names.flatMap((form) => ['--output', `${form}=${out}/${form}`]), '--report', `${out}/html`]
    const [plain, outcome] = [await verify([]), await verify(args)]
    expect(outcome).toEqual(plain)
    expect(outcome.stdout).toMatch(/^✓ 2 artifacts: all copies agree .*\n6 agree {6}exit 0$/m)
    expect(readdirSync(out).sort()).toEqual([...names, 'html'].sort())
    expect(readFileSync(`${out}/html`, 'utf8')).toContain('<h1>All that is required agrees · 2 artifacts</h1>')
  })

  it('gives standard output to one form', async () => {
    const { stdout, stderr, code } = await verify(['--output', 'jsonl', '--quiet'])
    expect([code, stderr]).toEqual([0, ''])
    const [run, image, summary] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const { artifacts } = JSON.parse((await verify(['--json'])).stdout)
    expect([run, image]).toEqual(artifacts.map((one: object) => ({ record: 'artifact', ...one })))
    expect(summary).toMatchObject({
      record: 'summary',
      exit: 0,
      totals: { artifacts: 2 },
      backends: ['tekton', 'oci', 'docdb'],
    })
    expect(run.uri).toBe(
      'prov:taskrun/frsca-demo/buildpacks-cache-7rk2v-build-trusted/b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9',
    )
    expect(image).toMatchObject({ uri: `oci://ttl.sh/slsapoc@sha256:${image.subjects[0].digest.sha256}` })
  })

  it("adds to GitHub's job summary", async () => {
    const summary = join(scratch(), 'summary.md')
    writeFileSync(summary, '# before\n')
    const { stdout, code } = await verify(['--output', 'github'], { env: { GITHUB_STEP_SUMMARY: summary } })
    expect([code, stdout.includes('all copies agree')]).toEqual([0, true])
    expect(readFileSync(summary, 'utf8')).toMatch(/^# before\n## ✅ prov verify: all that is required agrees\n/)
    expect((await verify(['--output', 'github'])).stdout).toMatch(/^## ✅/)
  })

  it('signs summaries with --vsa-key, for the verifier of the configuration', async () => {
    const args = ['--output', 'vsa', '--vsa-key', PRIVATE_KEY, '--set', 'verifier.id=https://audit.example/prov']
    const { stdout, code } = await verify(args, { env: { COSIGN_PASSWORD: PASSWORD } })
    expect(code).toBe(0)
    const entries = stdout
      .trimEnd()
      .split('\n')
      .map((line) => decodeEnvelope(Buffer.from(line)))
    expect(entries).toHaveLength(2)
    for (const entry of entries) {
      expect(checkEntry(entry, await loadTrust([PUBLIC_KEY])).verified).toHaveLength(1)
      const { predicate } = JSON.parse(Buffer.from(entry.payload).toString())
      expect(predicate).toMatchObject({ verifier: { id: 'https://audit.example/prov' }, verificationResult: 'PASSED' })
      expect(predicate.inputAttestations).toHaveLength(3)
    }
    const wrong = await verify([...args.slice(0, 4)], { env: { COSIGN_PASSWORD: 'planted' } })
    expect([wrong.code, wrong.stdout]).toEqual([2, ''])
    expect(wrong.stderr).toMatch(/^prov: key_password: /)
  })

  it('says in --json and in the reports where drift is', async () => {
    const kept = readFileSync(file)
    editRun(file, ({ metadata }) => {
      for (const name of Object.keys(metadata.annotations)) {
        if (name.startsWith('chains.')) delete metadata.annotations[name]
      }
      metadata.labels['team'] = 'another'
    })
    expect((await prov(['store', '--storage', 'tekton', '--key', key.private, file])).code).toBe(0)
    const page = join(scratch(), 'drift.html')
    const { stdout, code } = await verify(['--json', '--report', page])
    writeFileSync(file, kept)
    expect(code).toBe(4)
    const { rows } = JSON.parse(stdout).artifacts[0]
    expect(rows.map((row: { mark: string }) => row.mark)).toEqual(['*', '*', '*'])
    expect(rows[1].differences).toEqual([
      { pointer: '/predicate/invocation/environment/labels/team', reference: '"another"' },
    ])
    expect(readFileSync(page, 'utf8')).toContain('"/predicate/invocation/environment/labels/team"')
  })

  it.each([
    [['--output', 'jsonl', '--json'], /usage: --json and --output jsonl both go to standard output/],
    [['--output', 'jsonl', '--output', 'junit'], /usage: jsonl and junit cannot both/],
    [['--output', 'xml'], /usage: unknown report form "xml"/],
    [['--vsa-key', 'k'], /usage: --vsa-key signs/],
    [
      ['--report', '/nowhere/at/all.html'],
      /target_unwritable: cannot write \/nowhere\/at\/all\.html: no such file or folder/,
    ],
  ])('%j: exit 2, nothing written', async (args, said) => {
    const { code, stderr } = await verify(args)
    expect(code).toBe(2)
    expect(stderr).toMatch(said)
  })

  it('leaves no half report when it is stopped by what it finds first', async () => {
    const out = scratch()
    const args = ['verify', ...where, '--key', 'nowhere.pub', '--report', join(out, 'p.html'), file]
    expect((await prov(args)).code).toBe(2)
    expect(readdirSync(out)).toEqual([])
    rmSync(out, { recursive: true })
    expect(existsSync(out)).toBe(false)
  })

  it('is done to its end when nobody reads standard output any more, and leaves nothing when that cannot be written', async () => {
    const out = scratch()
    const command = [process.execPath, BIN, 'verify', ...where, '--key', key.public, '--output', 'jsonl']
    const args = [...command, '--output', `junit=${join(out, 'j.xml')}`, file]
    const through = (script: string) => run('sh', ['-c', script, 'sh', ...args])
    expect((await through('"$@" > /dev/full')).code).toBe(1)
    expect(readdirSync(out)).toEqual([])
    const outcome = await through('{ "$@"; echo "exit $?" >&2; } | true')
    expect(outcome.stderr).toBe('exit 0\n')
    expect(readdirSync(out)).toEqual(['j.xml'])
  })

  it('loads nothing of the reports when none is asked for', async () => {
    const env = { NODE_DEBUG: 'esm', NODE_DISABLE_COMPILE_CACHE: '1' }
    const { stderr } = await verify([], { env })
    expect(stderr).toMatch(/chunks\/work-/)
    expect(stderr).not.toMatch(/chunks\/(open|wanted|jsonl|report)-/)
    expect((await verify(['--report', join(scratch(), 'p.html')], { env })).stderr).toMatch(/chunks\/open-/)
  })
})
