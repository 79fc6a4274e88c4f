/** An answer that is not the content that was asked for says nothing of what is there: nobody could look, and no copy is damaged. */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../../../src/model/entry.ts'
import { describeWith } from '../../servers/endpoints.ts'
import { reply, serve } from '../../support/fake-registry.ts'
import type { Rule } from '../../support/proxy.ts'
import { calm, collect, failsWith, remote } from '../../support/remote-registry.ts'
import { openStage } from '../../support/stage.ts'

const DIGEST = `sha256:${'0'.repeat(64)}`
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

describe('a registry', () => {
  test.each([201, 202, 204, 206])('that answers %i in place of content', async (status) => {
    const fake = await serve((_, response) => reply(response, status, { 'content-type': MANIFEST }))
    const at = remote({ attempts: 1 })
    for (const read of [
      () => at.getManifest(`${fake.host}/a/b`, 'tag', calm()),
      () => at.getBlob(`${fake.host}/a/b`, DIGEST, 100, calm()),
      () => at.hasBlob(`${fake.host}/a/b`, DIGEST, calm()),
      () => collect(at.listTags(`${fake.host}/a/b`, calm())),
      () => at.listReferrers?.(`${fake.host}/a/b`, DIGEST, calm()),
    ]) {
      const error = await failsWith('response_invalid', read() ?? Promise.resolve())
      expect(error.message).toBe(`${fake.host} answered ${status} in place of what was asked for`)
    }
  })

  test('that compresses its answer, though nobody asked it to', async () => {
    const fake = await serve((_, response) =>
      reply(response, 200, { 'content-type': MANIFEST, 'content-encoding': 'gzip' }, gzipSync('{}')),
    )
    const at = remote({ attempts: 1 })
    for (const read of [
      () => at.getManifest(`${fake.host}/a/b`, 'tag', calm()),
      () => at.getManifest(`${fake.host}/a/b`, DIGEST, calm()),
      () => at.getBlob(`${fake.host}/a/b`, DIGEST, 100, calm()),
    ]) {
      const error = await failsWith('response_invalid', read())
      expect(error.message).toBe('the registry answered in the encoding gzip, which nobody asked for')
    }
  })

  test('whose bytes are right is not asked how they are called', async () => {
    const bytes = gzipSync('{}')
    const digest = `sha256:${sha256Hex(bytes)}`
    const headers = { 'content-type': MANIFEST, 'content-encoding': 'gzip', 'docker-content-digest': digest }
    const fake = await serve((_, response) => reply(response, 200, headers, bytes))
    const at = remote({ attempts: 1 })
    expect((await at.getManifest(`${fake.host}/a/b`, 'tag', calm()))?.digest).toBe(digest)
    expect(await at.getBlob(`${fake.host}/a/b`, digest, 100, calm())).toEqual(bytes)
  })
})

describeWith(['distribution'], 'prov verify', () => {
  const only =
    (part: string, action: ReturnType<Rule>): Rule =>
    ({ path }) =>
      path.includes(part) ? action : undefined

  test.each<readonly [string, Rule]>([
    ['204 for manifests', only('/manifests/', { status: 204 })],
    ['204 for blobs', only('/blobs/', { status: 204 })],
    ['gzip', only('/blobs/', { status: 200, headers: { 'content-encoding': 'gzip' }, body: 'x' })],
  ])('%s is an invalid answer, and not a copy that does not verify', { timeout: 60_000 }, async (_, rule) => {
    await using stage = await openStage('distribution')
    stage.proxy?.use(rule)
    const { code, stdout } = await stage.verify(['--storage', 'oci'])
    expect([code, stdout]).toEqual([6, expect.stringMatching(/! {4}oci: invalid answer/)])
    const told = await stage.verify(['--storage', 'oci', '--json'])
    const { artifacts } = JSON.parse(told.stdout)
    for (const { rows } of artifacts) expect(rows[0]).toMatchObject({ mark: '!', error: { code: 'response_invalid' } })
  })
})
