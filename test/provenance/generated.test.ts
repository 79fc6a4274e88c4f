/** Runs with odd results, params, times and steps: what Chains makes of each is of that run, and of no other. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ProvError } from '../../src/errors.ts'
import { formatNamed } from '../../src/formats/index.ts'
import { loadInputs } from '../../src/input/index.ts'
import type { RunArtifact } from '../../src/model/artifact.ts'
import { FIXTURES, related, type Statement } from './statements.ts'

const { runs } = await loadInputs([join(FIXTURES, 'generated/runs.json')])
const BUILD_TYPES = ['https://tekton.dev/chains/v2/slsa', 'https://tekton.dev/chains/v2/slsa-tekton']

/** Each in every format and configuration in which Chains signs it. */
function statementsOf(run: RunArtifact): readonly Statement[] {
  return ['slsa/v1', 'slsa/v2alpha3', 'slsa/v2alpha4'].flatMap((format) =>
    BUILD_TYPES.flatMap((buildType) =>
      [false, true].flatMap((deepInspection) => {
        try {
          const payload = formatNamed(format).payload(run, { builderId: 'https://b', buildType, deepInspection })
          return [JSON.parse(Buffer.from(payload).toString())]
        } catch (thrown) {
          if (thrown instanceof ProvError) return [] // Chains refuses it as well
          throw thrown
        }
      }),
    ),
  )
}

it('each Statement is of its run', () => {
  let count = 0
  for (const run of runs) {
    for (const statement of statementsOf(run)) {
      expect(related(statement, run), `${run.name} ${JSON.stringify(statement).slice(0, 300)}`).toBe('same')
      count++
    }
  }
  expect(count).toBeGreaterThan(200)
})

it('and of no other', () => {
  for (const [i, run] of runs.entries()) {
    const other = runs[(i + 1) % runs.length]
    if (other === undefined) continue
    for (const statement of statementsOf(run))
      expect(related(statement, other), `${run.name} ${other.name}`).not.toBe('same')
  }
})
