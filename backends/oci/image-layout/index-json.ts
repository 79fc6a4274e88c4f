/** index.json of an OCI image layout (image-spec, image-layout.md): names and the manifests they stand for. Pure. */
import { ProvError } from '../../../src/errors.ts'
import { parseBounded } from '../../../src/platform/text/bounded-json.ts'
import type { Layer } from '../tags/layout.ts'

export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json'
const REF_NAME = 'org.opencontainers.image.ref.name'

export type IndexItem = Layer

/** The index as its JSON says it, with other people's items and members. */
export interface ImageIndex {
  readonly json: Readonly<Record<string, unknown>>
  readonly items: readonly IndexItem[]
  /** First item of each name. */
  readonly byName: ReadonlyMap<string, IndexItem>
}

export const EMPTY_INDEX: ImageIndex = indexOf({ schemaVersion: 2, mediaType: INDEX_TYPE }, [])

/** A name and what it is to stand for; null takes it away. */
export interface IndexChange {
  readonly name: string
  readonly item: IndexItem | null
}

/** Throws `response_invalid` when the text is not an index: then nobody can say what the directory holds. */
export function parseIndex(text: string): ImageIndex {
  let json: unknown
  try {
    json = parseBounded(text, { depth: 50, values: 4_000_000 })
  } catch {
    json = undefined
  }
  if (typeof json !== 'object' || json === null || !('manifests' in json)) throw invalid()
  const items = json.manifests ?? []
  if (!Array.isArray(items) || !items.every(isItem)) throw invalid()
  return indexOf(json as Record<string, unknown>, items)
}

function invalid(): ProvError {
  return new ProvError('response_invalid', 'index.json is not an OCI image index', {
    backend: 'oci',
    operation: 'read index',
    location: 'index.json',
  })
}

/** @example changeIndex(index, [{ name: 'ghcr.io/acme/app:v1', item: null }]) */
export function changeIndex(index: ImageIndex, changes: readonly IndexChange[]): ImageIndex {
  const wanted = new Map(changes.map(({ name, item }) => [name, item]))
  const kept = index.items.filter((item) => !wanted.has(nameOf(item) ?? ''))
  const added = [...wanted].flatMap(([name, item]) => (item === null ? [] : [named(item, name)]))
  return indexOf(index.json, [...kept, ...added])
}

export function encodeIndex(index: ImageIndex): Uint8Array {
  return Buffer.from(JSON.stringify({ ...index.json, manifests: index.items }))
}

function indexOf(json: Readonly<Record<string, unknown>>, items: readonly IndexItem[]): ImageIndex {
  const byName = new Map<string, IndexItem>()
  for (const item of items) {
    const name = nameOf(item)
    if (name !== undefined && !byName.has(name)) byName.set(name, item)
  }
  return { json, items, byName }
}

function named({ mediaType, digest, size }: IndexItem, name: string): IndexItem {
  return { mediaType, digest, size, annotations: { [REF_NAME]: name } }
}

function nameOf(item: IndexItem): string | undefined {
  return item.annotations?.[REF_NAME]
}

function isItem(value: unknown): value is IndexItem {
  if (typeof value !== 'object' || value === null) return false
  const { mediaType, digest, size } = value as Readonly<Record<string, unknown>>
  return (
    (mediaType === undefined || typeof mediaType === 'string') && typeof digest === 'string' && typeof size === 'number'
  )
}
