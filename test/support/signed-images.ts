/** Images in a registry behind a proxy that counts, each with what prov store makes for it. */
import { expect } from 'vitest'
import { registry } from '../servers/endpoints.ts'
import { prov } from './cli.ts'
import { type Proxy as RegistryProxy, startProxy } from './proxy.ts'
import { freshName } from './registry.ts'
import { type RunWithImage, runWithImage } from './runs.ts'
import { type KeyFiles, newKey } from './stage.ts'

export interface SignedImages extends AsyncDisposable {
  readonly proxy: RegistryProxy
  readonly key: KeyFiles
  /** Names of the images, by digest, all verified by the key. */
  readonly images: readonly string[]
  readonly runs: readonly RunWithImage[]
  /** One more image of the same repository, which nobody has signed. */
  readonly unsigned: string
  /** What `prov serve` or `prov verify` needs to read them. */
  readonly flags: readonly string[]
}

/** @example await using signed = await signedImages(2) */
export async function signedImages(count = 1): Promise<SignedImages> {
  const endpoint = registry('distribution')
  const proxy = await startProxy(endpoint)
  const name = freshName('serve')
  const key = newKey()
  const made = { through: proxy.endpoint, name }
  const runs: RunWithImage[] = []
  for (let i = 0; i < count; i++) runs.push(await runWithImage(endpoint, made))
  const unsigned = await runWithImage(endpoint, made)
  const stored = await prov(['store', '--storage', 'oci', '--key', key.private, ...runs.map(({ file }) => file)])
  expect(stored.code, stored.stderr + stored.stdout).toBe(0)
  proxy.reset()
  const flags = ['--storage', 'oci', '--key', key.public, '--set', `storage.oci.hosts=${proxy.endpoint}`]
  return {
    ...{ proxy, key, runs, flags },
    images: runs.map(({ image }) => image),
    unsigned: unsigned.image,
    [Symbol.asyncDispose]: () => proxy.close(),
  }
}
