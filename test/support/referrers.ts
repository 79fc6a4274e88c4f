/** What refers to an image, seen and changed by plain fetch. */
import type { ImageRef } from '../../src/model/artifact.ts'
import { type Descriptor, getManifest, putBlob, putManifest, seedImage } from './registry.ts'

const INDEX = 'application/vnd.oci.image.index.v1+json'

export interface Listed {
  /** False: from the index under the fallback tag. */
  readonly api: boolean
  readonly index: { readonly manifests: readonly Descriptor[] }
}

export function fallbackTagOf(digest: string): string {
  return digest.replace(':', '-')
}

/** What the registry itself says, or else the fallback tag. */
export async function referrersOf(endpoint: string, name: string, digest: string): Promise<Listed> {
  const answer = await fetch(`http://${endpoint}/v2/${name}/referrers/${digest}`)
  if (answer.ok) {
    const index = (await answer.json()) as { readonly manifests: readonly Descriptor[] | null }
    return { api: true, index: { ...index, manifests: index.manifests ?? [] } }
  }
  const bytes = await getManifest(endpoint, name, fallbackTagOf(digest))
  const empty = { schemaVersion: 2, mediaType: INDEX, manifests: [] }
  return { api: false, index: bytes === undefined ? empty : JSON.parse(`${bytes}`) }
}

/** Puts a manifest that refers to the image, and lists it where the registry does not by itself. */
export async function refer(endpoint: string, name: string, subject: string, manifest: object): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(manifest))
  const { mediaType } = manifest as { readonly mediaType: string }
  const { createHash } = await import('node:crypto')
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  await putManifest(endpoint, name, digest, bytes)
  const descriptor = { mediaType, digest, size: bytes.length }
  const { api, index } = await referrersOf(endpoint, name, subject)
  if (!api) await putIndex(endpoint, name, subject, [...index.manifests, descriptor])
  return descriptor
}

export async function putIndex(
  endpoint: string,
  name: string,
  subject: string,
  manifests: readonly Descriptor[],
): Promise<void> {
  const { index } = await referrersOf(endpoint, name, subject)
  await putManifest(endpoint, name, fallbackTagOf(subject), Buffer.from(JSON.stringify({ ...index, manifests })))
}

/** Puts a manifest with half a bundle in the place of the first referrer. */
export async function damageFirst(endpoint: string, name: string, subject: string): Promise<void> {
  const { api, index } = await referrersOf(endpoint, name, subject)
  const [first, ...rest] = index.manifests
  const manifest = JSON.parse(`${await getManifest(endpoint, name, first?.digest ?? '')}`) as {
    readonly layers: readonly Descriptor[]
  }
  const half = await putBlob(endpoint, name, Buffer.from('{"media'), manifest.layers[0]?.mediaType ?? '')
  if (!api) await putIndex(endpoint, name, subject, rest)
  await refer(endpoint, name, subject, { ...manifest, layers: [half] })
  if (api) await fetch(`http://${endpoint}/v2/${name}/manifests/${first?.digest}`, { method: 'DELETE' })
}

/** An image that no other test has, by the name under which `via` serves the registry. */
export async function freshImage(endpoint: string, name: string, via = endpoint): Promise<ImageRef> {
  const reference = await seedImage(endpoint, name)
  return { repository: `${via}/${name}`, digest: reference.slice(reference.indexOf('@') + 1) }
}
