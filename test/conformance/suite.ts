/** The definition of a backend: one test a line and kind, the same for every backend. */
import { afterAll, describe, test } from 'vitest'
import { conformanceCases } from './cases.ts'
import { type Gap, gapList, LINES } from './lines.ts'
import type { Conformance } from './rig.ts'

/**
 * Defines the whole suite for one backend, inside a `describe` of its name.
 *
 * @example backendConformance('memory', { rig: () => memoryRig(), gaps: GAPS.memory })
 */
export function backendConformance(name: string, conformance: Conformance): void {
  describe(`${name} is a backend`, () => {
    for (const { title, run } of conformanceCases(conformance)) test(title, () => run())
    afterAll(() => printGaps(name, gapList(conformance.gaps)))
  })
}

function printGaps(name: string, gaps: readonly Gap[]): void {
  for (const gap of gaps) {
    const kind = gap.kind === undefined ? '' : `${gap.kind}: `
    process.stdout.write(`known gap of ${name}: ${kind}${LINES[gap.line]}: ${gap.reason}\n`)
  }
}
