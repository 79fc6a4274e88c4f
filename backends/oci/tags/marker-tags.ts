/** The markers of a tag as they stand in its repository, each under a tag of its own: looked at, written, taken away. */
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeMarker, encodeMarker, isMarkerOf, type Marker } from './marker.ts'
import { pause, worthAnotherLook } from './readback.ts'
import { deleteTag, readTagState, type Tag, type TagEdit, type TagState } from './tag.ts'
import type { ProtocolOptions } from './writes.ts'

/** One look from scratch: first the markers of others, then the tag. */
export interface Sight {
  readonly others: readonly Named[]
  /** Listed, but without a manifest: what a deletion that failed half-way left. */
  readonly ghosts: readonly string[]
  readonly state: TagState
}

/** A marker as it was read or written. */
export interface Named extends Marker {
  readonly name: string
  readonly digest: string
}

export type Said = Pick<Marker, 'state' | 'layers' | 'waitsFor'>

export interface MarkerTags {
  /** @param own names that are the writer's, and not read */
  look(tag: Tag, own: ReadonlySet<string>, edit: TagEdit, signal: AbortSignal): Promise<Sight>
  /** @param created milliseconds since the epoch; absent: now */
  put(tag: Tag, name: string, said: Said, signal: AbortSignal, created?: number): Promise<Named>
  remove(tag: Tag, marker: Named, signal: AbortSignal): Promise<void>
  /** Takes away a ghost, if it still is one after a time in which any write of a tag is over. */
  removeGhost(tag: Tag, name: string, signal: AbortSignal): Promise<void>
}

/** How often a request that went wrong is made again. */
export const MAX_FAILURES = 3

/** @example await markerTags({ registry, now, random, debug }).look(tag, new Set(), edit, signal) */
export function markerTags(options: ProtocolOptions): MarkerTags {
  const { registry, now } = options
  /** Done markers never change: read once, by their full name. */
  const done = new Map<string, Named>()
  let deletesTags = true

  async function look(tag: Tag, own: ReadonlySet<string>, edit: TagEdit, signal: AbortSignal): Promise<Sight> {
    const names: string[] = []
    let listed = false
    for await (const name of registry.listTags(tag.repo, { signal })) {
      listed ||= name === tag.name
      if (isMarkerOf(tag.name, name) && !own.has(name)) names.push(name)
    }
    const read = await Promise.all(names.map((name) => readMarker(tag, name, signal)))
    const others = read.filter((marker) => marker !== undefined)
    const ghosts = names.filter((_, index) => read[index] === undefined)
    const readState = () => readTagState(registry, tag, signal, edit.replaces)
    const state = listed ? await insist(readState, ({ digest }) => digest !== null) : await readState()
    return { others, ghosts, state }
  }

  async function readMarker(tag: Tag, name: string, signal: AbortSignal): Promise<Named | undefined> {
    const key = `${tag.repo}:${name}`
    const known = done.get(key)
    if (known !== undefined) return known
    const read = () => registry.getManifest(tag.repo, name, { signal })
    const manifest = await insist(read, (found) => found !== undefined)
    const marker = manifest === undefined ? undefined : decodeMarker(manifest.bytes)
    if (manifest === undefined || marker === undefined) return undefined
    const named = { ...marker, name, digest: manifest.digest }
    if (marker.state === 'done') done.set(key, named)
    return named
  }

  async function put(tag: Tag, name: string, said: Said, signal: AbortSignal, created = now()): Promise<Named> {
    const made: Marker = { state: said.state, layers: said.layers, waitsFor: said.waitsFor, created }
    const { bytes, mediaType } = encodeMarker(made, name, tag.form)
    for (let tries = 1; ; tries++) {
      try {
        const digest = await registry.putManifest(tag.repo, name, bytes, mediaType, { signal })
        return { ...made, name, digest }
      } catch (error) {
        if (!worthAnotherLook(error) || tries > MAX_FAILURES) throw error
        await pause(tries, options, tag, signal)
      }
    }
  }

  async function remove(tag: Tag, marker: Named, signal: AbortSignal): Promise<void> {
    const { name } = marker
    for (let tries = 1; ; tries++) {
      try {
        // By tag where that is possible: some registries keep the tag of a manifest that was deleted by digest.
        deletesTags &&= await deleteTag(registry, { ...tag, name }, signal)
        if (!deletesTags) await registry.deleteManifest(tag.repo, marker.digest, { signal })
        done.delete(`${tag.repo}:${name}`)
        return
      } catch (error) {
        if (!worthAnotherLook(error) || tries > MAX_FAILURES) throw error
        await pause(tries, options, tag, signal)
        // Distribution 2.8 deletes the manifest and then fails over another tag that is being written: the tag is left, and
        // goes only with a manifest of its own.
        if (!deletesTags) await put(tag, name, marker, signal, marker.created)
      }
    }
  }

  async function removeGhost(tag: Tag, name: string, signal: AbortSignal): Promise<void> {
    await sleep(1000, undefined, { signal })
    if ((await readMarker(tag, name, signal)) !== undefined) return
    await remove(tag, await put(tag, name, { state: 'done', layers: [], waitsFor: [] }, signal), signal)
  }

  return { look, put, remove, removeGhost }
}

/**
 * What is listed and yet not there may just be being rewritten (distribution 2.8 truncates a tag before it writes it): to
 * take it for absent would lose everything in it.
 */
async function insist<T>(read: () => Promise<T>, isThere: (found: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const found = await read()
    if (isThere(found) || tries === 4) return found
    await sleep(4 ** tries)
  }
}
