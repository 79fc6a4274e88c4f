/**
 * The protocol for a shared tag that loses nothing, on registries whose tags know no conditional write: every writer says
 * under an own tag what it is about to add, and leaves that until no write is in flight that could undo it.
 */
import { ProvError } from '../../../src/errors.ts'
import { type Layer, unionOf } from './layout.ts'
import { EMPTY_BLOB, EMPTY_DIGEST, type Marker, markerTag } from './marker.ts'
import { MAX_FAILURES, markerTags, type Named } from './marker-tags.ts'
import { outrun, pause, worthAnotherLook } from './readback.ts'
import {
  isChanged,
  isDone,
  isStale,
  readTagState,
  refuseChanged,
  stale,
  type Tag,
  type TagEdit,
  wanted,
  writeTag,
} from './tag.ts'
import type { Protocol, ProtocolOptions } from './writes.ts'

export interface MarkersOptions extends ProtocolOptions {
  /** Longest time that one request may take: after it, a dead writer's last write has landed or never will. */
  readonly requestMs: number
}

const MAX_WRITES = 60
const MAX_TURNS = 20
/** Looks that a writer gives each of those that came before it, before it writes in their place. */
const PATIENCE = 6
const NOTHING: TagEdit = { add: [], drop: [] }

/** @example await markers({ registry, requestMs: 60_000, now, random, debug }).commit(tag, { add: [layer], drop: [] }, signal) */
export function markers(options: MarkersOptions): Protocol {
  const { registry, requestMs, now } = options
  const tags = markerTags(options)
  const isDead = (marker: Marker) => now() - marker.created > 2 * requestMs
  const isAlive = (marker: Marker) => marker.state === 'open' && !isDead(marker)

  /** What others want in the tag. A done marker that is old protects from nothing any more. */
  function asked(others: readonly Named[]): readonly Layer[] {
    const counted = others.filter((marker) => marker.state === 'open' || !isDead(marker))
    return counted.reduce<readonly Layer[]>((all, marker) => unionOf(all, marker.layers), [])
  }

  /**
   * Steps 2 and 3: writes and looks again from scratch until the tag holds everything that anybody wants in it. Whoever came
   * first writes for all, so that writers do not undo each other's work; the others look on, and step in if nothing happens.
   */
  async function bring(
    tag: Tag,
    edit: TagEdit,
    own: Named | undefined,
    carried: readonly Layer[],
    signal: AbortSignal,
  ) {
    const self = new Set(own === undefined ? [] : [own.name])
    const purelyAdds = edit.drop.length === 0 && edit.replaces === undefined
    let sum = carried
    let mine = own
    let failures = 0
    let writes = 0
    for (let looks = 0; writes < MAX_WRITES; looks++) {
      if (looks > 1) await pause(Math.min(writes + 1, 4), options, tag, signal)
      try {
        if (mine !== undefined && now() - mine.created > requestMs / 2)
          mine = await tags.put(tag, mine.name, mine, signal)
        const { others, state } = await tags.look(tag, self, edit, signal)
        refuseChanged(tag, state, edit)
        const layers = wanted(state, unionOf(sum, asked(others)), edit)
        const alive = others.filter(isAlive)
        if (isDone(state, layers, edit)) return { carried: sum, alive }
        const before = mine === undefined ? 0 : alive.filter((other) => cameBefore(other, mine ?? other)).length
        if (purelyAdds && looks < before * PATIENCE) continue
        writes++
        if (await writeTag(registry, tag, state, layers, signal)) sum = layers
      } catch (error) {
        if (isChanged(error) || !worthAnotherLook(error) || ++failures > MAX_FAILURES) throw error
      }
    }
    throw outrun(tag)
  }

  /**
   * Step 4, for all that are done: a marker goes once none of those that were open when its writer finished is open any
   * more; until then the last of them cares for it. Called only after a look in which the tag held all.
   */
  async function sweep(tag: Tag, all: readonly Named[], ghosts: readonly string[], signal: AbortSignal): Promise<void> {
    const open = new Set(all.filter(isAlive).map((marker) => marker.name))
    const spent = all.filter((m) => isDead(m) || (m.state === 'done' && !m.waitsFor.some((name) => open.has(name))))
    const work = spent.map((marker) => tags.remove(tag, marker, signal))
    if (open.size === 0) work.push(...ghosts.map((name) => tags.removeGhost(tag, name, signal)))
    const ends = await Promise.allSettled(work)
    for (const end of ends) {
      if (end.status === 'fulfilled') continue
      if (signal.aborted || !(end.reason instanceof ProvError)) throw end.reason
      // The tag holds all: a marker that cannot be removed is untidy, and no failure of the write.
      options.debug(`a marker of ${tag.repo}:${tag.name} stays: ${end.reason.message}`)
    }
  }

  return {
    async commit(tag, edit, signal) {
      const { add: layers } = edit
      const ready = await registry.hasBlob(tag.repo, EMPTY_DIGEST, { signal })
      if (!ready) await registry.putBlob(tag.repo, EMPTY_BLOB, { signal })
      // Before the first marker: a refused edit must leave none.
      if (isStale(await readTagState(registry, tag, signal, edit.replaces), edit)) throw stale(tag)
      const spent = new Map<string, Named>()
      let carried: readonly Layer[] = []
      for (let turn = 0; turn < MAX_TURNS; turn++) {
        // A new name for each turn: anybody may remove a done marker at any time, but never an open one.
        const name = markerTag(tag.name, edit, Buffer.from(options.random(16)).toString('hex'))
        const own = await tags.put(tag, name, { state: 'open', layers, waitsFor: [] }, signal)
        const end = await bring(tag, edit, own, carried, signal).catch(async (error: unknown) => {
          // A refused edit asks for nothing any more.
          if (isChanged(error)) await tags.remove(tag, own, signal)
          throw error
        })
        carried = end.carried
        const waitsFor = end.alive.map((other) => other.name)
        spent.set(name, await tags.put(tag, name, { state: 'done', layers, waitsFor }, signal))
        const sight = await tags.look(tag, new Set(spent.keys()), edit, signal)
        const complete = wanted(sight.state, unionOf(carried, asked(sight.others)), edit)
        if (isDone(sight.state, complete, edit))
          return sweep(tag, [...sight.others, ...spent.values()], sight.ghosts, signal)
      }
      throw outrun(tag)
    },

    async settle(tag, signal) {
      try {
        const { others, ghosts } = await tags.look(tag, new Set(), NOTHING, signal)
        if (!others.some(isDead)) return
        await bring(tag, NOTHING, undefined, [], signal)
        await sweep(tag, others, ghosts, signal)
      } catch (error) {
        // A reader may have no right to write; what is in the tag is still what it asked for.
        if (signal.aborted || !(error instanceof ProvError)) throw error
        options.debug(`markers of ${tag.repo}:${tag.name} are left as they are: ${error.message}`)
      }
    },
  }
}

function cameBefore(a: Named, b: Named): boolean {
  return a.created === b.created ? a.name < b.name : a.created < b.created
}
