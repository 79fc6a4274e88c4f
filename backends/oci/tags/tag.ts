/** Reading and changing the manifest under one tag, without any protection from other writers. */

import { ProvError } from '../../../src/errors.ts'
import { buildIndex, parseReferrers } from '../bundles/layout.ts'
import { failure } from '../failure.ts'
import { MAX_MANIFEST_BYTES, type Registry } from '../port.ts'
import {
  buildManifest,
  type Layer,
  layerKey,
  type NewManifest,
  parseManifest,
  type TagManifest,
  unionOf,
} from './layout.ts'

/** One tag of one repository. */
export interface Tag {
  /** Normalised, with its host. */
  readonly repo: string
  readonly name: string
  /** `index`: the tag lists referrers, and a layer here is a descriptor there. Absent: a manifest with layers. */
  readonly form?: 'index'
}

export interface TagState {
  /** Digest of the manifest; null when there is none. */
  readonly digest: string | null
  readonly manifest: TagManifest | undefined
  /** The JSON of a tag of form `index`, to build on. */
  readonly index?: Readonly<Record<string, unknown>>
  readonly layers: readonly Layer[]
}

/**
 * What a write wants: layers that must be there afterwards, and keys ({@link layerKey}) of those that must not. A key in both
 * is a layer to be written anew: its annotations were altered.
 */
export interface TagEdit {
  readonly add: readonly Layer[]
  readonly drop: readonly string[]
  /** Digest of a manifest that is damaged as a whole and may be replaced. */
  readonly replaces?: string
  /**
   * Layers to be written anew, as they were read: their annotations are changed, and another writer's change of them, or its own form of a layer
   * that is added, would be lost. Such a change is a conflict. Absent: layers of one key are one, however they look.
   */
  readonly was?: readonly Layer[]
}

/**
 * What the tag holds now. Throws `occupied` when it is not of the tag's form, unless the edit may replace just that; a manifest
 * of which nothing is left is nobody's.
 *
 * @example (await readTagState(registry, { repo, name: 'sha256-….att' }, signal)).layers.length
 */
export async function readTagState(
  registry: Registry,
  tag: Tag,
  signal: AbortSignal,
  replaces?: string,
): Promise<TagState> {
  const found = await registry.getManifest(tag.repo, tag.name, { signal })
  if (found === undefined) return { digest: null, manifest: undefined, layers: [] }
  try {
    if (tag.form === 'index') {
      const { json, referrers } = parseReferrers(found.bytes)
      return { digest: found.digest, manifest: undefined, index: json, layers: referrers }
    }
    const manifest = parseManifest(found.bytes)
    return { digest: found.digest, manifest, layers: manifest.layers }
  } catch (cause) {
    if (!(cause instanceof ProvError) || cause.code !== 'copy_malformed') throw cause
    if (found.digest === replaces || found.bytes.length === 0)
      return { digest: found.digest, manifest: undefined, layers: [] }
    throw failure('occupied', `the tag is taken: ${cause.message}`, {
      operation: 'read tag',
      location: `${tag.repo}:${tag.name}`,
    })
  }
}

/** The layers that the tag should hold: its own, those carried over, those added, without the dropped. */
export function wanted(state: TagState, carried: readonly Layer[], edit: TagEdit): readonly Layer[] {
  const drop = new Set(edit.drop)
  const mine = new Set(edit.was === undefined ? [] : edit.add.map(layerKey))
  const others = carried.filter((layer) => !mine.has(layerKey(layer)))
  const kept = unionOf(state.layers, others).filter((layer) => !drop.has(layerKey(layer)))
  return unionOf(kept, edit.add)
}

/** True when nothing is left to write. */
export function isDone(state: TagState, layers: readonly Layer[], edit: TagEdit): boolean {
  // What was written in the place of a damaged manifest may well be the very manifest that it once was: then it reads again.
  const isDamaged = state.manifest === undefined && state.index === undefined
  if (edit.replaces !== undefined && state.digest === edit.replaces && isDamaged) return false
  const isExact = (layer: Layer) => edit.was !== undefined || edit.drop.includes(layerKey(layer))
  return holdsAll(state, layers) && edit.add.every((layer) => !isExact(layer) || isAsIs(state, layer))
}

function isAsIs(state: TagState, layer: Layer): boolean {
  const text = JSON.stringify(layer)
  return state.layers.some((other) => JSON.stringify(other) === text)
}

/** Throws `conflict` when another writer has changed a layer that the edit was to change: neither as it was read nor as it shall be. */
export function refuseChanged(tag: Tag, state: TagState, { was, add }: TagEdit): void {
  if (was === undefined) return
  const known = new Set([...was, ...add].map((layer) => JSON.stringify(layer)))
  const keys = new Set([...was, ...add].map(layerKey))
  const there = state.layers.filter((layer) => keys.has(layerKey(layer)))
  if (there.some((layer) => !known.has(JSON.stringify(layer)))) throw changed(tag)
}

/** True when what the edit is to replace is not there any more. Asked once: afterwards it is our own write that took it away. */
export function isStale(state: TagState, edit: TagEdit): boolean {
  const present = new Set(state.layers.map(layerKey))
  return edit.drop.some((key) => !present.has(key)) || (edit.replaces !== undefined && edit.replaces !== state.digest)
}

export function stale(tag: Tag): ProvError {
  const where = { operation: 'write tag', location: `${tag.repo}:${tag.name}` }
  return failure('conflict', 'what was to be replaced was changed by another writer', where, { hint: 'look again' })
}

/** Errors of {@link refuseChanged}, which another look at the tag does not heal: the caller must read it anew. */
const CHANGED = new WeakSet<object>()

/** True for an error of {@link refuseChanged}. */
export function isChanged(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && CHANGED.has(thrown)
}

function changed(tag: Tag): ProvError {
  const error = stale(tag)
  CHANGED.add(error)
  return error
}

/** True when the tag holds exactly those layers, in whatever order. */
function holdsAll(state: TagState, layers: readonly Layer[]): boolean {
  const present = new Set(state.layers.map(layerKey))
  return present.size === new Set(layers.map(layerKey)).size && layers.every((layer) => present.has(layerKey(layer)))
}

/**
 * Puts a manifest with `layers`, built on what was read. With nothing left the tag goes, or stays with no layers where a
 * registry cannot delete a tag: deleting by digest could take another tag's equal manifest along.
 * Throws `entry_too_large` before anything is sent.
 *
 * @param recheck called when all is ready, right before the write; false stops it
 */
export async function writeTag(
  registry: Registry,
  tag: Tag,
  state: TagState,
  layers: readonly Layer[],
  signal: AbortSignal,
  recheck: () => Promise<boolean> = async () => true,
): Promise<boolean> {
  if (layers.length === 0 && (await deleteTag(registry, tag, signal))) return true
  const { manifest, mediaType, config } = built(tag, state, layers)
  if (manifest.length > MAX_MANIFEST_BYTES) {
    const where = { operation: 'put manifest', location: `${tag.repo}:${tag.name}` }
    throw failure('entry_too_large', `the tag's manifest would be over ${MAX_MANIFEST_BYTES} bytes`, where)
  }
  if (config !== undefined) await registry.putBlob(tag.repo, config, { signal })
  if (!(await recheck())) return false
  await registry.putManifest(tag.repo, tag.name, manifest, mediaType, { signal, expect: state.digest })
  return true
}

function built(
  tag: Tag,
  state: TagState,
  layers: readonly Layer[],
): Omit<NewManifest, 'config'> & { config?: Uint8Array } {
  return tag.form === 'index' ? buildIndex(state.index, layers) : buildManifest(state.manifest, layers)
}

/** False where the registry knows no deletion by tag (distribution 2.8 answers 400). */
export async function deleteTag(registry: Registry, tag: Tag, signal: AbortSignal): Promise<boolean> {
  try {
    await registry.deleteManifest(tag.repo, tag.name, { signal })
    return true
  } catch (error) {
    if (error instanceof ProvError && (error.code === 'response_invalid' || error.code === 'not_supported'))
      return false
    throw error
  }
}
