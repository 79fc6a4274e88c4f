/** `prov search` as people use it. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { provHere } from '../support/in-process.ts'
import { PASSWORD, PUBLIC_KEY } from '../support/runs.ts'
import { commit, drain, sql, type TruthPlace, truthPlace } from '../support/truth-outputs.ts'

const env = { COSIGN_PASSWORD: PASSWORD }
const UID = 'b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9'
const BUILDER = 'https://tekton.dev/chains/v2'

let at: TruthPlace
beforeAll(async () => {
  at = truthPlace()
  await commit(at)
})

const search = (...args: readonly string[]) => provHere(['search', ...args, ...at.truth], { env })
const asked = async (...args: readonly string[]) => {
  const { code, stdout } = await search(...args, '--json')
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return { code, hits: lines.slice(0, -1), summary: lines.at(-1) }
}

describe('prov search', () => {
  it('finds by every flag, in any spelling, what the run has left', async () => {
    const { hits } = await asked('--run', UID.toUpperCase())
    expect(hits.length).toBeGreaterThanOrEqual(1)
    const statement = hits.find(({ format }) => format !== 'simplesigning')
    const [keyid, hex] = statement.keyids
    const digests = (await provHere(['payload', '--format', 'slsa/v1', at.file], { env })).stdout
    const [subject] = JSON.parse(digests).subject
    const sha = subject.digest.sha256
    for (const flags of [
      ['--sha', sha],
      ['--sha', `sha256:${sha}`],
      ['--sha', `SHA256:${sha.toUpperCase()}`],
      ['--key', keyid],
      ['--key', hex],
      ['--key', `sha256:${hex.toUpperCase()}`],
      ['--builder', 'HTTPS://Tekton.DEV/chains/v2'],
      ['--type', 'https://slsa.dev/provenance/v0.2'],
      ['--key', keyid, '--sha', sha, '--run', UID, '--builder', BUILDER],
    ]) {
      const found = await asked(...flags)
      expect(found.code, flags.join(' ')).toBe(0)
      expect(
        found.hits.map(({ seq }) => seq),
        flags.join(' '),
      ).toContain(statement.seq)
      expect(found.summary).toMatchObject({ source: 'truth', complete: true, exit: 0 })
    }
  })

  it('says where the copies are, and that they are owed; after a worker, that they are there', async () => {
    const own = truthPlace()
    await commit(own)
    const states = async (): Promise<ReadonlySet<string>> => {
      const { stdout } = await provHere(['search', '--run', UID, '--json', ...own.truth], { env })
      const [hit] = stdout.split('\n').map((line) => JSON.parse(line || '{}'))
      return new Set(hit.copies.map(({ target, state }: Record<string, string>) => `${target} ${state}`))
    }
    expect(await states()).toEqual(new Set(['tekton done', 'docdb pending', 'gcs pending']))
    await drain(own)
    expect(await states()).toEqual(new Set(['tekton done', 'docdb done', 'gcs done']))
    sql(own, "UPDATE entry SET state = 'quarantined'")
    const { stdout } = await provHere(['search', '--run', UID, ...own.truth], { env })
    expect(stdout).toContain('(quarantined)')
    expect(stdout).toMatch(/ {2}docdb done \S+/)
    expect(stdout).toMatch(/complete up to entry \d+/)
  })

  it('gives pages', async () => {
    const all = await asked('--run', UID)
    expect(all.hits.length).toBeGreaterThan(1)
    const seen: number[] = []
    for (let after = 0; ; ) {
      const { hits, summary } = await asked('--run', UID, '--limit', '1', '--after', String(after))
      seen.push(...hits.map(({ seq }) => seq))
      after = hits.at(-1)?.seq
      if (!summary.more) break
      expect(summary.next).toBe(`the same command with --after ${after}`)
    }
    expect(seen).toEqual(all.hits.map(({ seq }) => seq))
  })

  it('ends with 5 when nothing was found, and with 6 when the truth is out of reach', async () => {
    for (const flags of [
      ['--sha', '0'.repeat(128)],
      ['--builder', 'b'.repeat(2000)],
      ['--run', UID, '--type', 'https://x'],
    ]) {
      expect(await asked(...flags)).toMatchObject({ code: 5, hits: [], summary: { found: 0, exit: 5, complete: true } })
    }
    const gone = ['--truth', 'postgres://nobody@127.0.0.1:1/none']
    expect((await provHere(['search', '--run', UID, ...gone], { env })).code).toBe(6)
  })

  it.each([
    ['no term at all', [], 'search needs to be told by what'],
    ['a limit of a billion', ['--run', UID, '--limit', '1000000000'], 'from 1 to 1000'],
    ['a limit of 1001', ['--run', UID, '--limit', '1001'], 'from 1 to 1000'],
    ['a digest of no algorithm', ['--sha', 'abcd'], 'nothing can be found by --sha'],
    ['a file where a key id is wanted', ['--key', PUBLIC_KEY], 'nothing can be found by --key'],
    ['an empty identity', ['--identity', ''], 'nothing can be found by --identity'],
    ['pages of a count', ['--run', UID, '--impact', '--after', '7'], '--impact'],
    ['a count of the index', ['--run', UID, '--impact', '--source', 'index'], '--impact'],
  ])('%s ends with 2', async (_, flags, message) => {
    const said = await search(...flags)
    expect(said.code).toBe(2)
    expect(said.stderr).toContain(message)
  })

  it('wants a truth, and says so', async () => {
    const said = await provHere(['search', '--run', UID], { env })
    expect(said.code).toBe(2)
    expect(said.stderr).toContain('search needs a source of truth')
  })

  it('finds a term of 2,000 bytes', async () => {
    const own = truthPlace()
    const builder = `https://example.com/${'b'.repeat(2000)}`
    await commit(own, '--set', `builder.id=${builder}`)
    const found = await provHere(['search', '--builder', builder, '--json', ...own.truth], { env })
    expect(found.code).toBe(0)
    const counted = await provHere(['search', '--builder', builder, '--impact', ...own.truth], { env })
    expect(counted.stdout).toContain('name too long to be listed')
  })

  it('counts what a key has signed', async () => {
    const { hits } = await asked('--builder', BUILDER)
    const said = await search('--key', hits[0].keyids[0], '--impact', '--json')
    expect(JSON.parse(said.stdout)).toMatchObject({
      exit: 0,
      impact: { builders: { first: [{ name: BUILDER }] }, complete: true },
    })
    const text = await search('--key', hits[0].keyids[0], '--impact')
    expect(text.stdout).toMatch(/^\d+ entr(?:y|ies).*: \d+ artifacts?, 1 run, 1 builder/)
    expect(text.stdout).toContain('signatures that no key or identity verified')
  })

  it('shows what somebody wrote into the tables: it verifies nothing, and verify does', async () => {
    const own = truthPlace()
    await commit(own)
    const found = async (...args: readonly string[]): Promise<number> =>
      (await provHere(['search', ...args, ...own.truth], { env })).code
    sql(own, "DELETE FROM term WHERE term LIKE 'digest:%'")
    sql(own, `INSERT INTO term(term, seq) SELECT 'digest:sha256:${'0'.repeat(64)}', seq FROM entry`)
    expect(await found('--sha', '09e72cd4668214dcd3c5dae94efc1881970a315731be8837bc97164cf14da4f2')).toBe(5)
    expect(await found('--sha', '0'.repeat(64))).toBe(0)
    const verify = ['verify', ...own.storage, '--storage', 'truth', ...own.truth, '--key', PUBLIC_KEY, own.file]
    expect((await provHere(verify, { env })).code).toBe(0)
  })

  it('names what it does not know after a migration that has not come to its end', async () => {
    const own = truthPlace()
    await commit(own)
    sql(own, "DELETE FROM meta WHERE key = 'terms'")
    const found = await provHere(['search', '--run', UID, '--json', ...own.truth], { env })
    const summary = JSON.parse(found.stdout.trimEnd().split('\n').at(-1) ?? '')
    expect(summary).toMatchObject({ complete: false, why: expect.stringContaining('prov truth migrate') })
  })

  it('changes nothing: the file has the same bytes afterwards', async () => {
    const own = truthPlace()
    await commit(own)
    const { readFileSync } = await import('node:fs')
    const sum = (): string =>
      createHash('sha256')
        .update(readFileSync(join(own.folder, 'truth.db')))
        .digest('hex')
    const before = sum()
    await provHere(['search', '--run', UID, ...own.truth], { env })
    await provHere(['search', '--run', UID, '--impact', ...own.truth], { env })
    expect(sum()).toBe(before)
  })
})
