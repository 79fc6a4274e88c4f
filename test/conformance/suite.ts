/** The definition of a backend: one test a line and kind, the same for every backend. */
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Backend } from '../../src/backend.ts'
import type { Kind } from '../../src/entry.ts'
import { type Gap, LINES, type Line } from './lines.ts'
import { abortLines } from './lines-abort.ts'
import { byteLines } from './lines-bytes.ts'
import { changeLines } from './lines-change.ts'
import { faultLines } from './lines-fault.ts'
import { placeLines } from './lines-place.ts'
import { writeLines } from './lines-write.ts'
import type { Conformance } from './rig.ts'
import { aboutOf } from './samples.ts'
import type { LineTests, Scene } from './scene.ts'

const TESTS: LineTests = { ...byteLines, ...writeLines, ...placeLines, ...faultLines, ...abortLines, ...changeLines }

/**
 * Defines the whole suite for one backend, inside a `describe` of its name.
 *
 * @example backendConformance('memory', { rig: () => memoryRig(), gaps: GAPS.memory })
 */
export function backendConformance(name: string, { rig, gaps, kinds = ['dsse', 'raw'] }: Conformance): void {
  describe(`${name} is a backend`, () => {
    for (const kind of ['dsse', 'raw'] as const) {
      if (!kinds.includes(kind)) {
        test(`${kind}: not kept here, and slots says so`, () => confirmNotKept(kind, rig))
        continue
      }
      for (const [line, title] of Object.entries(LINES) as [Line, string][]) {
        const gap = gaps.find((g) => g.line === line && (g.kind ?? kind) === kind)
        const body = TESTS[line]
        if (body === undefined) throw new Error(`no test for the line ${line}`)
        if (gap === undefined) test(`${kind}: ${title}`, () => play(kind, rig, body))
        else test(`${kind}: known gap: ${title} (${gap.reason})`, () => confirmGap(gap, () => play(kind, rig, body)))
      }
    }
    afterAll(() => printGaps(name, gaps))
  })
}

async function confirmNotKept(kind: Kind, makeRig: Conformance['rig']): Promise<void> {
  const rig = await makeRig()
  onTestFinished(() => rig.dispose?.())
  const backend = await rig.open()
  onTestFinished(() => backend.close())
  expect(backend.capabilities.kinds).not.toContain(kind)
  expect(backend.slots(aboutOf(kind, rig.run, rig.image))).toEqual([])
}

async function play(kind: Kind, makeRig: Conformance['rig'], body: (scene: Scene) => Promise<void>): Promise<void> {
  const rig = await makeRig()
  const open: Backend[] = []
  onTestFinished(async () => {
    for (const backend of open) await backend.close()
    await rig.dispose?.()
  })
  const another = async (): Promise<Backend> => {
    const backend = await rig.open()
    open.push(backend)
    return backend
  }
  const backend = await another()
  const about = aboutOf(kind, rig.run, rig.image)
  expect(backend.capabilities.kinds).toContain(kind)
  const slot = backend.slots(about)[0]
  if (slot === undefined) throw new Error(`${backend.name} has no slot for the sample ${kind}`)
  await body({ kind, rig, backend, about, slot, another })
}

/** A gap is confirmed when the line still fails, or cannot even be tried. A line that holds by now is a stale gap. */
async function confirmGap(gap: Gap, attempt: () => Promise<void>): Promise<void> {
  if (gap.byChance) return
  let held = false
  try {
    await attempt()
    held = true
  } catch {}
  if (held) throw new Error('this line holds by now: take it off the known gaps')
}

function printGaps(name: string, gaps: readonly Gap[]): void {
  for (const gap of gaps) {
    const kind = gap.kind === undefined ? '' : `${gap.kind}: `
    process.stdout.write(`known gap of ${name}: ${kind}${LINES[gap.line]}: ${gap.reason}\n`)
  }
}
