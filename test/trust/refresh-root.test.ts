/** The built prov fetches the trusted root, and says why it could not: without a network, and without a folder to keep it in. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { prov } from '../support/cli.ts'
import { scratch } from '../support/scratch.ts'
import { DEV, RUN } from './live/recorded.ts'

/** In the place of the network: every request fails, with what it asked for. */
const CUT = `data:text/javascript,${encodeURIComponent("globalThis.fetch = async (url) => { throw new Error('no way to ' + url) }")}`

async function refused(
  cache: string,
): Promise<{ readonly code: string; readonly message: string; readonly hint: string }> {
  const who = ['--certificate-identity', DEV.identity, '--certificate-oidc-issuer', DEV.issuer]
  const where = ['--storage', 'docdb', '--set', `storage.docdb.url=sqlite:${join(scratch(), 'none.db')}`]
  const env = { NODE_OPTIONS: `--import=${CUT}`, XDG_CACHE_HOME: cache }
  const { code, stdout } = await prov(['verify', ...where, ...who, '--json', RUN], { env })
  expect(code).toBe(2)
  return (JSON.parse(stdout) as { error: never }).error
}

it('without a network the reason and the two ways out are told', async () => {
  const { code, message, hint } = await refused(scratch())
  expect(code).toBe('trust_unreadable')
  expect(message).toMatch(/could not be refreshed: no way to https:\/\/tuf-repo-cdn\.sigstore\.dev\/\d+\.root\.json/)
  expect(hint).toMatch(/--trusted-root.*--offline/)
})

it('where the folder cannot be made, the folder is told', async () => {
  const file = join(mkdtempSync(join(scratch(), 'a-')), 'file')
  writeFileSync(file, '')
  const { code, message, hint } = await refused(file)
  expect(code).toBe('trust_unreadable')
  expect(message).toMatch(/ENOTDIR/)
  expect(hint).toMatch(/XDG_CACHE_HOME/)
})
