/** Where oci copies lie, as somebody sees it who tampers with them: a repository in a registry, or an image layout directory. */
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Descriptor } from './registry.ts'
import { digestOf, getManifest, OCI_MANIFEST, putBlob, putManifest, tagsOf } from './registry.ts'
import { scratch } from './scratch.ts'

export interface Manifest {
  readonly schemaVersion: number
  readonly mediaType?: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

export interface Tags {
  /** The manifest's bytes; undefined when there is no such tag. */
  manifest(tag: string): Promise<Buffer | undefined>
  blob(digest: string): Promise<Buffer>
  putBlob(bytes: Uint8Array): Promise<string>
  putManifest(tag: string, bytes: Uint8Array): Promise<void>
  remove(tag: string): Promise<void>
  list(): Promise<readonly string[]>
}

/** @example registryTags('127.0.0.1:5600', 'prov/app') */
export function registryTags(endpoint: string, name: string): Tags {
  const url = (rest: string): string => `http://${endpoint}/v2/${name}/${rest}`
  return {
    manifest: (tag) => getManifest(endpoint, name, tag),
    async blob(digest) {
      const response = await fetch(url(`blobs/${digest}`))
      const bytes = Buffer.from(await response.arrayBuffer())
      if (!response.ok) throw new Error(`GET blob ${digest}: ${response.status}`)
      return bytes
    },
    putBlob: async (bytes) => (await putBlob(endpoint, name, bytes, 'application/octet-stream')).digest,
    async putManifest(tag, bytes) {
      await putManifest(endpoint, name, tag, bytes)
    },
    async remove(tag) {
      const bytes = await getManifest(endpoint, name, tag)
      // docker-registry 2.8 deletes by digest only
      for (const reference of bytes === undefined ? [] : [tag, digestOf(bytes)]) {
        await (await fetch(url(`manifests/${reference}`), { method: 'DELETE' })).arrayBuffer()
        if ((await getManifest(endpoint, name, tag)) === undefined) return
      }
      if (bytes !== undefined) throw new Error(`${tag} cannot be deleted`)
    },
    list: () => tagsOf(endpoint, name),
  }
}

interface IndexItem extends Descriptor {
  readonly annotations?: Readonly<Record<string, string>>
}

const REF_NAME = 'org.opencontainers.image.ref.name'

/** @example layoutTags('copies', 'ghcr.io/acme/app') */
export function layoutTags(directory: string, repository: string): Tags {
  const index = join(directory, 'index.json')
  const file = (digest: string): string => join(directory, 'blobs/sha256', digest.slice('sha256:'.length))
  const items = (): readonly IndexItem[] =>
    (JSON.parse(readFileSync(index, 'utf8')) as { manifests: readonly IndexItem[] }).manifests
  const nameOf = (item: IndexItem): string => item.annotations?.[REF_NAME] ?? ''
  const write = (manifests: readonly IndexItem[]): void => {
    const whole = JSON.parse(readFileSync(index, 'utf8')) as object
    writeFileSync(index, JSON.stringify({ ...whole, manifests }))
  }
  const put = (bytes: Uint8Array): string => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    writeFileSync(file(digest), bytes)
    return digest
  }
  return {
    async manifest(tag) {
      const item = items().find((one) => nameOf(one) === `${repository}:${tag}`)
      return item === undefined ? undefined : readFileSync(file(item.digest))
    },
    blob: async (digest) => readFileSync(file(digest)),
    putBlob: async (bytes) => put(bytes),
    async putManifest(tag, bytes) {
      const name = `${repository}:${tag}`
      const item = {
        mediaType: OCI_MANIFEST,
        digest: put(bytes),
        size: bytes.length,
        annotations: { [REF_NAME]: name },
      }
      write([...items().filter((one) => nameOf(one) !== name), item])
    },
    async remove(tag) {
      write(items().filter((one) => nameOf(one) !== `${repository}:${tag}`))
    },
    async list() {
      const own = items()
        .map(nameOf)
        .filter((name) => name.startsWith(`${repository}:`))
      return own.map((name) => name.slice(repository.length + 1))
    },
  }
}

/** Layers of a tag as its manifest says; [] when there is none. */
export async function layersIn(tags: Tags, tag: string): Promise<readonly Descriptor[]> {
  const bytes = await tags.manifest(tag)
  return bytes === undefined ? [] : (JSON.parse(bytes.toString()) as Manifest).layers
}

/** Puts a tag's manifest again with other layers. */
export async function setLayers(tags: Tags, tag: string, layers: readonly Descriptor[]): Promise<void> {
  const manifest = JSON.parse((await tags.manifest(tag))?.toString() ?? '{}') as Manifest
  await tags.putManifest(tag, Buffer.from(JSON.stringify({ ...manifest, layers })))
}

/** Replaces the blob of a tag's first layer, digests and sizes all in order, as a forger with push rights would. */
export async function forgeBlob(tags: Tags, tag: string, change: (blob: Buffer) => Uint8Array): Promise<void> {
  const [first, ...rest] = await layersIn(tags, tag)
  if (first === undefined) throw new Error(`${tag} has no layer`)
  const bytes = change(await tags.blob(first.digest))
  await setLayers(tags, tag, [{ ...first, digest: await tags.putBlob(bytes), size: bytes.length }, ...rest])
}

/** Changes an annotation of a tag's first layer. */
export async function forgeAnnotation(tags: Tags, tag: string, name: string, value: string): Promise<void> {
  const [first, ...rest] = await layersIn(tags, tag)
  if (first === undefined) throw new Error(`${tag} has no layer`)
  await setLayers(tags, tag, [{ ...first, annotations: { ...first.annotations, [name]: value } }, ...rest])
}

/** Keeps what is in these tags (a whole directory for a layout) and returns what puts it back. */
export async function keepTags(tags: Tags, names: readonly string[], directory?: string): Promise<() => Promise<void>> {
  if (directory !== undefined) {
    const copy = scratch()
    cpSync(directory, copy, { recursive: true })
    return async () => {
      mkdirSync(directory, { recursive: true })
      for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true })
      cpSync(copy, directory, { recursive: true })
    }
  }
  const kept = await Promise.all(names.map(async (name) => [name, await tags.manifest(name)] as const))
  return async () => {
    for (const [name, bytes] of kept) {
      if (bytes === undefined) await tags.remove(name)
      else await tags.putManifest(name, bytes)
    }
  }
}
