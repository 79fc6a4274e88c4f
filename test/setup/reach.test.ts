/** Where the backends are, as a kept verdict names it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { counted } from '../../src/serve/counted.ts'
import { type Setup, setUp } from '../../src/setup/backends.ts'
import { reachOf, withCluster } from '../../src/setup/reach.ts'
import { scratch } from '../support/scratch.ts'
import { quietWorld } from '../support/world.ts'

const kubeconfig = (current: string): string =>
  JSON.stringify({
    'current-context': current,
    contexts: ['a', 'b'].map((name) => ({ name, context: { cluster: name, user: 'u' } })),
    clusters: ['a', 'b'].map((name) => ({ name, cluster: { server: `https://${name}.example:6443` } })),
    users: [{ name: 'u', user: { token: 'hush' } }],
  })

const world = quietWorld()

it('another current context of the same kubeconfig is another place, for backends that read a cluster alone', async () => {
  const file = join(scratch(), 'config')
  const hashOf = async (storage: string, current: string): Promise<string> => {
    writeFileSync(file, kubeconfig(current))
    const set = [`kubernetes.kubeconfig=${file}`, `storage.docdb.url=sqlite:${file}.db`]
    const setup = await setUp({ storage, set }, world)
    const surroundings = await withCluster({ env: {}, host: 'here' }, setup)
    await setup.close()
    return reachOf(setup, surroundings).hash
  }
  expect(await hashOf('tekton', 'a')).toBe(await hashOf('tekton', 'a'))
  expect(await hashOf('tekton', 'a')).not.toBe(await hashOf('tekton', 'b'))
  expect(await hashOf('docdb', 'a')).toBe(await hashOf('docdb', 'b'))
})

it.each([
  ['mongo-server-url-path', 'url'],
  ['mongo-server-url-dir', 'MONGO_SERVER_URL'],
])('another server in the file of %s is another place, another password is not', async (setting, name) => {
  const folder = scratch()
  const file = join(folder, name)
  const set = [
    'storage.docdb.url=mongo://db/copies?id_field=Name',
    `storage.docdb.${setting}=${setting.endsWith('-dir') ? folder : file}`,
  ]
  const opened = async (url: string) => {
    writeFileSync(file, `${url}\n`)
    const setup = await setUp({ storage: 'docdb', set }, world, {
      each: (backend) => counted(backend, () => undefined),
    })
    await setup.close()
    return setup
  }
  const hash = (setup: Setup): string => reachOf(setup, { env: {}, host: 'here' }).hash
  const first = await opened('mongodb://me:hush@a.example,b.example/?proxyPassword=hush')
  const before = hash(first)
  expect(JSON.stringify(first.backends)).not.toContain('hush')
  expect(hash(await opened('mongodb://me:other@a.example,b.example/?proxyPassword=other'))).toBe(before)
  const others = [
    'mongodb://me:hush@a.example',
    'mongodb+srv://a.example',
    'mongodb://a.example,b.example/?proxyHost=c',
  ]
  for (const other of others) expect(hash(await opened(other)), other).not.toBe(before)
  // What was opened reads where it was opened, whatever the file says by now.
  expect(hash(first)).toBe(before)
})
