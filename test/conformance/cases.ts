/**
 * The suite as data: every line and kind as one case with its title and what to run. Any test framework can run it; ours does in
 * suite.ts, `prov conform` in a process of its own. There is no other suite.
 */
import type { Backend } from '../../src/backend/backend.ts'
import type { Kind } from '../../src/model/entry.ts'
import { confirmGap } from './confirm-gap.ts'
import { expect } from './expect.ts'
import { type Gap, gapList, LINES, type Line } from './lines.ts'
import { abortLines } from './lines-abort.ts'
import { byteLines } from './lines-bytes.ts'
import { changeLines } from './lines-change.ts'
import { faultLines } from './lines-fault.ts'
import { memoryLines } from './lines-memory.ts'
import { placeLines } from './lines-place.ts'
import { proofLines } from './lines-proofs.ts'
import { writeLines } from './lines-write.ts'
import type { Conformance } from './rig.ts'
import { aboutOf } from './samples.ts'
import type { LineTests, Scene } from './scene.ts'

const TESTS: LineTests = {
  ...byteLines,
  ...proofLines,
  ...writeLines,
  ...placeLines,
  ...faultLines,
  ...abortLines,
  ...changeLines,
  ...memoryLines,
}

export interface Case {
  readonly kind: Kind
  /** The line's short name; absent where this kind is not kept, which is all that is checked then. */
  readonly line?: Line
  /** The line in words. */
  readonly says: string
  /** As a test is called: kind, line, and the reason of a known gap. */
  readonly title: string
  /** A known gap: `run` resolves as long as it shows as it says, and rejects once the line holds or the backend does not answer. */
  readonly gap?: Gap
  /** Makes a rig, runs the line, puts everything away. Rejects when the line does not hold, with CannotTry when nothing brings it about. */
  run(): Promise<void>
}

/** Told what to do at the end, in reverse order. */
type Later = (cleanup: () => unknown) => void

/**
 * All cases for one backend.
 *
 * @example for (const { title, run } of conformanceCases({ rig, gaps: [] })) test(title, run) // node:test, vitest, …
 */
export function conformanceCases({ rig, gaps, kinds = ['dsse', 'raw'] }: Conformance): readonly Case[] {
  const known = gapList(gaps)
  return (['dsse', 'raw'] as const).flatMap((kind): readonly Case[] => {
    if (!kinds.includes(kind)) {
      const says = 'not kept here, and slots says so'
      return [{ kind, says, title: `${kind}: ${says}`, run: () => tidily((later) => confirmNotKept(kind, rig, later)) }]
    }
    return (Object.entries(LINES) as [Line, string][]).map(([line, says]) => {
      const gap = known.find((g) => g.line === line && (g.kind ?? kind) === kind)
      const body = TESTS[line]
      if (body === undefined) throw new Error(`no test for the line ${line}`)
      const attempt = (later: Later): Promise<void> => play(kind, rig, body, later)
      if (gap === undefined) return { kind, line, says, title: `${kind}: ${says}`, run: () => tidily(attempt) }
      const title = `${kind}: known gap: ${says} (${gap.reason})`
      const confirmed = (scene: Scene): Promise<void> => confirmGap(gap, scene, body)
      return { kind, line, says, title, gap, run: () => tidily((later) => play(kind, rig, confirmed, later)) }
    })
  })
}

/** What fails first is what is told: a cleanup after a failure may fail because of it. */
async function tidily(body: (later: Later) => Promise<void>): Promise<void> {
  const cleanups: (() => unknown)[] = []
  const failures: unknown[] = []
  await body((cleanup) => cleanups.unshift(cleanup)).catch((error: unknown) => failures.push(error))
  for (const cleanup of cleanups) {
    try {
      await cleanup()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

async function confirmNotKept(kind: Kind, makeRig: Conformance['rig'], later: Later): Promise<void> {
  const rig = await makeRig()
  later(() => rig.dispose?.())
  const backend = await rig.open()
  later(() => backend.close())
  expect(backend.capabilities.kinds.includes(kind), `${kind} among the kinds kept`).toBe(false)
  expect(backend.slots(aboutOf(kind, rig.run, rig.image))).toEqual([])
}

async function play(
  kind: Kind,
  makeRig: Conformance['rig'],
  body: (scene: Scene) => Promise<void>,
  later: Later,
): Promise<void> {
  const rig = await makeRig()
  later(() => rig.dispose?.())
  const another = async (): Promise<Backend> => {
    const backend = await rig.open()
    later(() => backend.close())
    return backend
  }
  const backend = await another()
  const about = aboutOf(kind, rig.run, rig.image)
  expect(backend.capabilities.kinds).toContain(kind)
  const slot = backend.slots(about)[0]
  if (slot === undefined) throw new Error(`${backend.name} has no slot for the sample ${kind}`)
  await body({ kind, rig, backend, about, slot, another })
}
