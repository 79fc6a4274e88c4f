/** The release workflow, as far as it goes without a forge: its shape, its scripts, and its own use of prov on stores that are files. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { BIN, ROOT, run } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
}

interface Job {
  readonly needs?: string
  readonly permissions: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

const TEXT = readFileSync(join(ROOT, '.github/workflows/release.yml'), 'utf8')
const WORKFLOW = parse(TEXT) as { readonly permissions: object; readonly jobs: Readonly<Record<string, Job>> }
const steps = Object.values(WORKFLOW.jobs).flatMap((job) => job.steps)

describe('release.yml', () => {
  test('every action is pinned by a commit, with its version beside it', () => {
    const used = [...TEXT.matchAll(/uses: (.+)$/gm)].map(([, text = '']) => text)
    expect(used.length).toBe(steps.filter(({ uses }) => uses !== undefined).length)
    for (const text of used) expect(text).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  test('no expression stands in a script, and each script is one that bash can read', async () => {
    const scripts = steps.flatMap(({ run: script }) => script ?? [])
    expect(scripts.length).toBeGreaterThan(5)
    for (const script of [...scripts, readFileSync(join(ROOT, 'ci/release/provenance.sh'), 'utf8')]) {
      expect(script).not.toContain('${{')
      const { code, stderr } = await run('bash', ['-n'], { input: script })
      expect(code, stderr).toBe(0)
    }
  })

  test('nothing is allowed but what a job names, and only the last may publish', () => {
    expect(WORKFLOW.permissions).toEqual({})
    const writing = Object.entries(WORKFLOW.jobs).filter(([, job]) => Object.values(job.permissions).includes('write'))
    expect(writing.map(([name]) => name)).toEqual(['publish'])
    for (const { needs } of Object.values(WORKFLOW.jobs))
      if (needs !== undefined) expect(WORKFLOW.jobs).toHaveProperty(needs)
  })

  test('publishes with npm provenance, a list of contents, and a tag whose tree holds the bundle', () => {
    const script = (WORKFLOW.jobs['publish']?.steps ?? []).map(({ run: text }) => text ?? '').join('\n')
    expect(script).toContain('npm publish --provenance')
    expect(script).toContain('npm sbom --sbom-format spdx')
    expect(script.indexOf('git add --force dist')).toBeGreaterThan(script.indexOf('provenance.sh'))
    for (const [, path = ''] of script.matchAll(/\b(ci\/[\w./]+\.sh|build\.ts|package\.ts)\b/g))
      expect(existsSync(join(ROOT, path)), path).toBe(true)
  })
})

describe('ci/release/provenance.sh', () => {
  const GITHUB = {
    GITHUB_SERVER_URL: 'https://forge.example',
    GITHUB_REPOSITORY: 'owner/prov',
    GITHUB_REF: 'refs/heads/"main',
    GITHUB_SHA: '0'.repeat(40),
    GITHUB_RUN_ID: '7',
    GITHUB_RUN_ATTEMPT: '1',
  }

  test('signs once, stores in three backends, and verifies from each alone', async () => {
    const cwd = scratch()
    writeFileSync(join(cwd, 'prov'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`, { mode: 0o755 })
    writeFileSync(join(cwd, 'prov-linux-x64'), 'an executable')
    writeFileSync(join(cwd, 'prov-1.tgz'), 'a package')
    const env = {
      ...GITHUB,
      PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
      PROV_STORAGE: 's3,gcs,docdb',
      PROV_STORAGE_S3_DIRECTORY: 's3',
      PROV_STORAGE_GCS_DIRECTORY: 'gcs',
      PROV_STORAGE_DOCDB_URL: 'sqlite:prov.db',
      PROV_SIGNING_KEY: readFileSync(PRIVATE_KEY, 'utf8'),
      PROV_PUBLIC_KEY: readFileSync(PUBLIC_KEY, 'utf8'),
      PROV_PASSWORD: PASSWORD,
    }
    const script = join(ROOT, 'ci/release/provenance.sh')
    const { code, stdout, stderr } = await run(script, ['./prov', 'prov-linux-x64', 'prov-1.tgz'], { cwd, env })
    expect(code, stdout + stderr).toBe(0)
    expect(JSON.parse(readFileSync(join(cwd, 'provenance.json'), 'utf8'))).toMatchObject({
      buildDefinition: { externalParameters: { ref: GITHUB.GITHUB_REF } },
    })
    // As docs/install.md says it.
    const page = readFileSync(join(ROOT, 'docs/install.md'), 'utf8')
    const [, asReader = ''] = /```sh\n(sha256sum [\s\S]*?)```/.exec(page) ?? []
    writeFileSync(join(cwd, 'release.yaml'), '{}')
    const reader = `set -e\nsha256sum prov-linux-x64 prov-1.tgz > SHA256SUMS\nPATH=.:$PATH\n${asReader}`
    const read = await run('bash', ['-c', reader], { cwd, env })
    expect(read.code, read.stdout + read.stderr).toBe(0)

    writeFileSync(join(cwd, 'prov-1.tgz'), 'another package')
    expect((await run('bash', ['-c', reader], { cwd, env })).code).toBe(5)
    const other = ['verify', '--storage', 's3,gcs,docdb', '--key', 'prov.pub', '--predicate', 'provenance.json']
    const subject = ['--type', 'https://slsa.dev/provenance/v1', '--subject', `prov-1.tgz=sha256:${'0'.repeat(64)}`]
    expect((await run('./prov', [...other, ...subject], { cwd, env })).code).toBeGreaterThan(2)
  })
})
