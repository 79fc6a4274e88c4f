/**
 * A key store in a Kubernetes Secret: the members `NAME.key` and `NAME.pub` of its data. Every change says the resourceVersion that was read, so
 * that nothing of another writer is lost. The Secret has to be there; the rights are `get` and `patch` on it alone.
 */
import { ProvError } from '../errors.ts'
import { publicKeyIn } from '../keys/public-half.ts'
import type { Cluster } from '../kubernetes/cluster.ts'
import { jittered } from '../platform/async/jitter.ts'
import { recordIn, textIn } from '../platform/text/guards.ts'
import type { KeyStore, StoredKey } from './keystore.ts'

export interface SecretOptions {
  readonly cluster: Cluster
  readonly signal: AbortSignal
  random(size: number): Uint8Array
  /** Waits so many milliseconds. */
  sleep(ms: number): Promise<void>
}

const CLAIM = 'journal'
const TRIES = 20
const WAIT_MS = 100

interface Read {
  readonly version: string
  /** Decoded. */
  readonly data: ReadonlyMap<string, string>
}

/** @example const store = secretStore('ci', 'prov-keys', { cluster, signal, random, sleep }) */
export function secretStore(namespace: string, name: string, options: SecretOptions): KeyStore {
  const { cluster, signal, random, sleep } = options
  const location = `secret:${namespace}/${name}`
  const path = `/api/v1/namespaces/${namespace}/secrets/${name}`

  async function read(): Promise<Read> {
    try {
      const { metadata, data } = await cluster.call({
        method: 'GET',
        path,
        where: { operation: 'read', location },
        signal,
      })
      const members = Object.entries(recordIn(data)).map(
        ([key, value]) => [key, Buffer.from(String(value), 'base64').toString('latin1')] as const,
      )
      return { version: textIn(recordIn(metadata)['resourceVersion']) ?? '', data: new Map(members) }
    } catch (thrown) {
      if (!(thrown instanceof ProvError) || thrown.code !== 'run_not_found') throw thrown
      throw new ProvError('config_invalid', 'the Secret of keys.store does not exist', {
        location,
        hint: `kubectl create secret generic ${name} -n ${namespace}`,
      })
    }
  }

  /** Writes what `change` makes of the members; undefined: nothing to do. Read again when somebody else was first. */
  async function write(
    change: (data: Read['data']) => Readonly<Record<string, string | null>> | undefined,
  ): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      const { version, data } = await read()
      const members = change(data)
      if (members === undefined) return false
      const coded = Object.entries(members).map(
        ([key, value]) => [key, value === null ? null : Buffer.from(value).toString('base64')] as const,
      )
      const patch = { metadata: { resourceVersion: version }, data: Object.fromEntries(coded) }
      try {
        await cluster.call({ method: 'PATCH', path, patch, where: { operation: 'write', location }, signal })
        return true
      } catch (thrown) {
        if (!(thrown instanceof ProvError) || thrown.code !== 'conflict' || tries >= TRIES) throw thrown
        await sleep(jittered(WAIT_MS * tries, random))
      }
    }
  }

  const add = (key: string, value: string): Promise<boolean> =>
    write((data) => (data.has(key) ? undefined : { [key]: value }))

  return {
    location,
    async list() {
      const { data } = await read()
      const names = new Set([...data.keys()].filter((key) => /\.(?:key|pub)$/.test(key)).map((key) => key.slice(0, -4)))
      return [...names].toSorted().map((one): StoredKey => {
        const publicKey = publicKeyIn(data.get(`${one}.pub`) ?? '')
        return { name: one, hasPrivate: data.has(`${one}.key`), ...(publicKey === undefined ? {} : { publicKey }) }
      })
    },
    make: (one, privatePem) => add(`${one}.key`, privatePem),
    makePublic: async (one, publicPem) => void (await add(`${one}.pub`, publicPem)),
    async read(one) {
      const pem = (await read()).data.get(`${one}.key`)
      if (pem !== undefined) return pem
      throw new ProvError('key_unreadable', `the Secret holds no ${one}.key`, { location })
    },
    destroy: (one) => write((data) => (data.has(`${one}.key`) ? { [`${one}.key`]: null } : undefined)),
    async claim(journal) {
      await add(CLAIM, `${journal}\n`)
      return (await read()).data.get(CLAIM)?.trim() ?? journal
    },
    claimed: async () => (await read()).data.get(CLAIM)?.trim(),
    close: () => cluster.close(),
  }
}
