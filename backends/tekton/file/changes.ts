/** Annotations as data, before and after a change: what an edit of the text is checked against. Pure. */

import { isRecord } from '../../../src/platform/text/guards.ts'
import type { Annotations } from '../layout.ts'
import type { Changes } from './cut-text.ts'

type Json = Readonly<Record<string, unknown>>

/** The annotations in a run's metadata; a value that is not a string is shown as one, so that it is seen as damage. */
export function annotationsIn(metadata: unknown): Annotations {
  const annotations = isRecord(metadata) ? metadata['annotations'] : undefined
  if (!isRecord(annotations)) return {}
  return Object.fromEntries(Object.entries(annotations).map(([k, v]) => [k, typeof v === 'string' ? v : String(v)]))
}

/** What the run is called in its metadata; {} where it says neither or no text. */
export function namesIn(metadata: unknown): { readonly namespace?: string; readonly name?: string } {
  const { namespace, name } = isRecord(metadata) ? metadata : {}
  return {
    ...(typeof namespace === 'string' ? { namespace } : {}),
    ...(typeof name === 'string' ? { name } : {}),
  }
}

/** The annotations after the change. */
export function changed(annotations: Annotations, changes: Changes): Annotations {
  const kept = Object.entries(annotations).filter(([name]) => !Object.hasOwn(changes, name))
  const set = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return Object.fromEntries([...kept, ...set])
}

/** The metadata as it must read after the change; without annotations when none are left. */
export function changedMetadata(metadata: unknown, changes: Changes): Json {
  const { annotations, ...rest } = isRecord(metadata) ? metadata : {}
  const kept = Object.entries(isRecord(annotations) ? annotations : {}).filter(
    ([name]) => !Object.hasOwn(changes, name),
  )
  const set = Object.entries(changes).filter(([, value]) => value !== undefined)
  const all = [...kept, ...set]
  return all.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(all) }
}

/** The value at `path` with `metadata` put there instead. */
export function withAt(root: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const [head, ...rest] = path
  if (head === undefined) return value
  if (Array.isArray(root)) return root.with(Number(head), withAt(root[Number(head)], rest, value))
  const own = isRecord(root) ? root : {}
  return { ...own, [head]: withAt(own[head], rest, value) }
}

/** The value at `path`, undefined when there is none. */
export function valueAt(root: unknown, path: readonly (string | number)[]): unknown {
  let value = root
  for (const step of path) {
    value = Array.isArray(value) ? value[Number(step)] : isRecord(value) ? value[step] : undefined
  }
  return value
}
