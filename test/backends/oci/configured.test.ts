/** Faults of the configuration are said before anything is written or asked: exit 2, and other backends keep nothing new. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dockerCredentials } from '../../../backends/oci/registry/docker-config.ts'
import { provHere } from '../../support/in-process.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runOfImage } from '../../support/runs.ts'
import { scratch } from '../../support/scratch.ts'

let asked = 0
const server = createServer((_, answer) => {
  asked++
  answer.writeHead(404).end()
})
let endpoint = ''

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

function dockerConfig(text: string): string {
  const folder = join(scratch(), 'docker')
  mkdirSync(folder)
  writeFileSync(join(folder, 'config.json'), text)
  return folder
}

const noPem = join(scratch(), 'ca.pem')
writeFileSync(noPem, 'no certificate')

test.each([
  ['a damaged docker config', { DOCKER_CONFIG: dockerConfig('{"auths": {') }, []],
  ['a docker config that is not an object', { DOCKER_CONFIG: dockerConfig('[]') }, []],
  [
    'an entry that is not base64 of user and password',
    { DOCKER_CONFIG: dockerConfig('{"auths":{"x.io":{"auth":"eA=="}}}') },
    [],
  ],
  ['a damaged file of REGISTRY_AUTH_FILE', { REGISTRY_AUTH_FILE: join(dockerConfig('nonsense'), 'config.json') }, []],
  ['a proxy that is none', { HTTPS_PROXY: 'ftp://proxy.example:21' }, []],
  ['a proxy without a host', { http_proxy: 'http://' }, []],
  ['authorities that are none', {}, ['--set', `storage.oci.ca-file=${noPem}`]],
  ['authorities that are not there', {}, ['--set', 'storage.oci.ca-file=/nowhere.pem']],
])('%s', async (_, more, flags) => {
  const copies = join(scratch(), 'copies')
  const { file } = runOfImage({ endpoint, name: 'app', digest: `sha256:${'a'.repeat(64)}` })
  const where = ['--storage', 'gcs,oci', '--set', `storage.gcs.directory=${copies}`, ...flags]
  const env = { PROV_PASSWORD: PASSWORD, DOCKER_CONFIG: '/nonexistent', ...more }
  asked = 0
  for (const args of [
    ['store', ...where, '--key', PRIVATE_KEY, file],
    ['verify', ...where, '--key', PUBLIC_KEY, file],
    ['repair', ...where, '--apply', '--key', PUBLIC_KEY, file],
  ]) {
    const { code, stderr, stdout } = await provHere(args, { env })
    expect(code, stdout + stderr).toBe(2)
    expect(stderr).toContain('config_invalid')
  }
  expect(existsSync(copies)).toBe(false)
  expect(asked).toBe(0)
})

test.each(['', ' \n', '{}', '{"auths": {}}', '{"auths":{"x.io":{}}}'])(
  'an empty docker config is an empty one: %j',
  async (text) => {
    const env = { DOCKER_CONFIG: dockerConfig(text) }
    const find = dockerCredentials({ env, names: () => true, runHelper: async () => undefined })
    expect(await find({ host: 'x.io', repository: 'app' } as never)).toBeUndefined()
    const { file } = runOfImage({ endpoint, name: 'app', digest: `sha256:${'a'.repeat(64)}` })
    const { code } = await provHere(['verify', '--storage', 'oci', '--key', PUBLIC_KEY, file], { env })
    expect(code).toBe(5)
  },
)

test('a layout needs neither logins nor proxies', async () => {
  const env = { DOCKER_CONFIG: dockerConfig('{'), HTTPS_PROXY: 'ftp://x', PROV_PASSWORD: PASSWORD }
  const { file } = runOfImage({ endpoint, name: 'app', digest: `sha256:${'a'.repeat(64)}` })
  const where = ['--storage', 'oci', '--set', `storage.oci.layout=${join(scratch(), 'layout')}`]
  expect((await provHere(['store', ...where, '--key', PRIVATE_KEY, file], { env })).code).toBe(0)
})
