/** A key store in a Secret of a real API server. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { beforeAll, expect, it } from 'vitest'
import type { KeyStore } from '../../src/keysets/keystore.ts'
import { rotate } from '../../src/keysets/run-steps.ts'
import { secretStore } from '../../src/keysets/secret.ts'
import { type Cluster, openCluster } from '../../src/kubernetes/cluster.ts'
import { describeWith } from '../servers/endpoints.ts'
import { provHere } from '../support/in-process.ts'
import { journalFor, journalRig, rotateJob, STORE_PASSWORD, statuses } from '../support/journal.ts'
import { type Api, realApi } from '../support/kubernetes-api.ts'

describeWith(['kube-apiserver'], 'a Secret of keys', () => {
  let api: Api
  let cluster: Cluster
  beforeAll(async () => {
    api = await realApi()
    cluster = clusterOf()
  })

  function clusterOf(): Cluster {
    const world = { now: Date.now, random: randomBytes, debug: () => undefined }
    return openCluster({ kubeconfig: api.kubeconfig, context: 'token', env: {}, timeoutMs: 20_000, ...world })
  }
  const open = (name: string, through = cluster): KeyStore =>
    secretStore(api.namespace, name, {
      cluster: through,
      signal: new AbortController().signal,
      random: randomBytes,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    })
  const made = async (): Promise<KeyStore & { readonly name: string }> => {
    const name = `keys-${randomBytes(4).toString('hex')}`
    const metadata = { name }
    await api.call('POST', `/api/v1/namespaces/${api.namespace}/secrets`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
    })
    return { ...open(name), name }
  }

  it('keeps keys, never one over another', async () => {
    const store = await made()
    expect(await store.list()).toEqual([])
    expect([await store.make('a', 'first'), await store.make('a', 'second')]).toEqual([true, false])
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    await store.makePublic('a', String(publicKey.export({ type: 'spki', format: 'pem' })))
    await store.makePublic('a', 'another')
    expect(await store.read('a')).toBe('first')
    expect(
      (await store.list()).map(({ name, hasPrivate, publicKey: one }) => [name, hasPrivate, one?.equals(publicKey)]),
    ).toEqual([['a', true, true]])
    expect([await store.claim('one'), await store.claim('two')]).toEqual(['one', 'one'])
    expect([await store.destroy('a'), await store.destroy('a')]).toEqual([true, false])
    await expect(store.read('a')).rejects.toMatchObject({ code: 'key_unreadable' })
    expect(await store.list()).toHaveLength(1)
  })

  it('loses nothing of writers at the same time, and one of them makes a name', async () => {
    const store = await made()
    const clusters = Array.from({ length: 6 }, clusterOf)
    const writers = clusters.map((one) => open(store.name, one))
    await Promise.all(writers.map((one, at) => one.make(`own-${at}`, `key ${at}`)))
    expect(await store.list()).toHaveLength(6)
    const won = await Promise.all(writers.map((one, at) => one.make('shared', `key ${at}`)))
    expect(won.filter((one) => one)).toHaveLength(1)
    expect(await store.read('shared')).toBe(`key ${won.indexOf(true)}`)
    for (const one of clusters) one.close()
  })

  it('that does not exist is said, with the command that makes one', async () => {
    const [store, location] = [open('none'), `secret:${api.namespace}/none`]
    await expect(store.list()).rejects.toMatchObject({
      code: 'config_invalid',
      location,
      hint: `kubectl create secret generic none -n ${api.namespace}`,
    })
  })

  it('rotates as a folder does, also on the command line', async () => {
    const rig = await journalRig('sqlite')
    try {
      const store = await made()
      const journal = await journalFor(rig.journals, store)
      await rotate(rotateJob(rig.journals, journal, store))
      const where = [
        ...rig.flags,
        '--store',
        `secret:${api.namespace}/${store.name}`,
        '--kubeconfig',
        api.kubeconfig,
        '--context',
        'token',
      ]
      const rotated = await provHere(['keys', 'rotate', '--step', 'prepare', ...where], {
        env: { PROV_PASSWORD: STORE_PASSWORD },
      })
      expect(rotated, rotated.stderr).toMatchObject({ code: 0 })
      expect(await statuses(rig.journals, journal)).toEqual(['1 active', '2 prepared'])
      expect((await store.list()).map(({ hasPrivate }) => hasPrivate)).toEqual([true, true])
    } finally {
      await rig.close()
    }
  })
})
