/** The few writes to a registry that tests need, by plain fetch: no code of prov's own prepares what prov is judged by. */
import { createHash, randomBytes } from 'node:crypto'

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

/** @example digestOf(Buffer.from('')) // 'sha256:e3b0c442…' */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

async function expectStatus(status: number, url: URL | string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  const text = await response.text()
  if (response.status !== status) throw new Error(`${init.method} ${url}: ${response.status}, not ${status}: ${text}`)
  return response
}

/** Uploads a blob and returns its descriptor. */
export async function putBlob(
  endpoint: string,
  name: string,
  bytes: Uint8Array,
  mediaType: string,
): Promise<Descriptor> {
  const digest = digestOf(bytes)
  const uploads = `http://${endpoint}/v2/${name}/blobs/uploads/`
  const opened = await expectStatus(202, uploads, { method: 'POST' })
  const location = new URL(opened.headers.get('location') ?? '', uploads)
  location.searchParams.set('digest', digest)
  const headers = { 'content-type': 'application/octet-stream' }
  await expectStatus(201, location, { method: 'PUT', headers, body: Buffer.from(bytes) })
  return { mediaType, digest, size: bytes.length }
}

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
}

/** Puts a manifest, byte for byte, under a tag or its digest; returns its digest. */
export async function putManifest(
  endpoint: string,
  name: string,
  reference: string,
  bytes: Uint8Array,
): Promise<string> {
  const { mediaType = OCI_MANIFEST } = JSON.parse(Buffer.from(bytes).toString()) as { mediaType?: string }
  await expectStatus(201, `http://${endpoint}/v2/${name}/manifests/${reference}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: Buffer.from(bytes),
  })
  return digestOf(bytes)
}

/** The manifest's bytes, or undefined when there is none. */
export async function getManifest(endpoint: string, name: string, reference: string): Promise<Buffer | undefined> {
  const accept = `${OCI_MANIFEST}, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json`
  const response = await fetch(`http://${endpoint}/v2/${name}/manifests/${reference}`, { headers: { accept } })
  const bytes = Buffer.from(await response.arrayBuffer())
  if (response.status === 404) return undefined
  if (!response.ok) throw new Error(`GET manifest ${reference}: ${response.status}: ${bytes}`)
  return bytes
}

/** Layers of a tag; [] when the tag does not exist. */
export async function layersOf(endpoint: string, name: string, tag: string): Promise<readonly Descriptor[]> {
  const bytes = await getManifest(endpoint, name, tag)
  return bytes === undefined ? [] : (JSON.parse(bytes.toString()) as { layers: readonly Descriptor[] }).layers
}

/** Every tag of a repository, [] when it does not exist. */
export async function tagsOf(endpoint: string, name: string): Promise<readonly string[]> {
  const response = await fetch(`http://${endpoint}/v2/${name}/tags/list`)
  const body = (await response.json()) as { tags?: readonly string[] | null }
  return response.ok ? (body.tags ?? []) : []
}

/**
 * Pushes a tiny image that no other test has and returns its reference.
 *
 * @example await seedImage('127.0.0.1:5600', 'prov/app') // '127.0.0.1:5600/prov/app@sha256:…'
 */
export async function seedImage(endpoint: string, name: string): Promise<string> {
  const layer = await putBlob(endpoint, name, randomBytes(64), 'application/vnd.oci.image.layer.v1.tar')
  const empty = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [layer.digest] } }
  const configBytes = Buffer.from(JSON.stringify(empty))
  const config = await putBlob(endpoint, name, configBytes, 'application/vnd.oci.image.config.v1+json')
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] }))
  return `${endpoint}/${name}@${await putManifest(endpoint, name, 'v1', manifest)}`
}

/** A repository name that no other test uses. @example freshName('judge') // 'prov/judge-3f9a1c22d04b' */
export function freshName(what: string): string {
  return `prov/${what}-${randomBytes(6).toString('hex')}`
}
