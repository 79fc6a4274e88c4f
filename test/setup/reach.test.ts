/** Where the backends are, as a kept verdict names it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { setUp } from '../../src/setup/backends.ts'
import { reachOf, withCluster } from '../../src/setup/reach.ts'
import type { World } from '../../src/setup/world.ts'
import { scratch } from '../support/scratch.ts'

const kubeconfig = (current: string): string =>
  JSON.stringify({
    'current-context': current,
    contexts: ['a', 'b'].map((name) => ({ name, context: { cluster: name, user: 'u' } })),
    clusters: ['a', 'b'].map((name) => ({ name, cluster: { server: `https://${name}.example:6443` } })),
    users: [{ name: 'u', user: { token: 'hush' } }],
  })

const world: World = {
  env: {},
  signal: new AbortController().signal,
  now: Date.now,
  random: (size) => new Uint8Array(size),
  stdin: Readable.from([]),
  warn: () => undefined,
  debug: () => undefined,
}

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
