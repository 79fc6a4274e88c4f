/** Troubles that backends meet at a service, and what becomes of them. */
import { expect, it } from 'vitest'
import type { Backend, Slot } from '../../src/backend/backend.ts'
import type { ErrorCode } from '../../src/errors.ts'
import type { Entry } from '../../src/model/entry.ts'
import { calm, expectCode, expectSame, look } from '../conformance/checks.ts'
import type { Action, Proxy as FaultProxy } from './proxy.ts'

export interface Place {
  readonly backend: Backend
  readonly proxy: FaultProxy
  readonly slot: Slot
  readonly entry: Entry
}

/**
 * Openers of a backend that meets one trouble at every request; with the backend's close the proxy serves again.
 *
 * @example const troubled = troubledBy(proxy, (more) => open(testContext({ ...settings, ...more }))); const denied = troubled({ status: 403 })
 */
export function troubledBy(
  proxy: FaultProxy,
  openWith: (more: Readonly<Record<string, string>>) => Backend,
): (action: Action, more?: Readonly<Record<string, string>>) => () => Backend {
  return (action, more = {}) =>
    () => {
      proxy.use(() => action)
      const backend = openWith(more)
      const close = () => Promise.resolve(backend.close()).finally(() => proxy.use(undefined))
      return { ...backend, close }
    }
}

/** One test a row: the action meets every request, and both get and put end with the code. */
export function answers(
  rows: readonly {
    readonly title: string
    readonly action: Action
    readonly code: ErrorCode
    readonly says?: RegExp
  }[],
  make: () => Promise<Place>,
): void {
  it.each(rows)('$title', async ({ action, code, says = /./ }) => {
    const { backend, proxy, slot, entry } = await make()
    proxy.use(() => action)
    for (const call of [() => look(backend, slot), () => backend.put(slot, entry, calm())]) {
      const error = await expectCode(call, code)
      expect(error.message).toMatch(says)
      expect(error.backend).toBe(backend.name)
      expect(error.location).toBeTruthy()
      expect(error.message).not.toMatch(/secret|\n/)
    }
    proxy.use(undefined)
    expect(await look(backend, slot)).toEqual([])
    await backend.close()
  })
}

/** A connection that is cut at every request of a put in turn, before the service saw it and after it has answered. */
export async function cutEverywhere(make: () => Promise<Place>, when: 'before' | 'after'): Promise<void> {
  for (let n = 1; ; n++) {
    const { backend, proxy, slot, entry } = await make()
    let count = 0
    proxy.use(() => (++count === n ? { cut: when } : undefined))
    const [end] = await Promise.allSettled([backend.put(slot, entry, calm())])
    proxy.use(undefined)
    const died = end.status === 'rejected'
    if (died) expect(end.reason).toMatchObject({ code: 'unreachable', retryable: true })
    const found = await look(backend, slot)
    for (const item of found) expectSame(item.entry, entry)
    expect(['written', 'unchanged']).toContain((await backend.put(slot, entry, calm())).outcome)
    expectSame((await look(backend, slot))[0]?.entry, entry)
    await backend.close()
    if (!died) {
      expect(n).toBeGreaterThan(4)
      return
    }
  }
}

/** 20 handles, each with an entry of its own, at one place: one wins, and nothing is mixed. */
export async function twenty(handles: readonly Backend[], slot: Slot, entryOf: (i: number) => Entry): Promise<void> {
  const wanted = handles.map((_, i) => entryOf(i))
  const ends = await Promise.allSettled(handles.map((handle, i) => handle.put(slot, wanted[i] ?? entryOf(i), calm())))
  const outcomes = ends.map((end) => (end.status === 'fulfilled' ? end.value.outcome : String(end.reason.code)))
  expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1)
  for (const outcome of outcomes) expect(['written', 'occupied', 'conflict']).toContain(outcome)
  const [first] = handles
  if (first === undefined) throw new Error('no handles')
  const found = await look(first, slot)
  expect(found).toHaveLength(1)
  expectSame(found[0]?.entry, wanted[outcomes.indexOf('written')] ?? entryOf(0))
}
