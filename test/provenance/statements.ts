/** Runs and the Statements that real Chains made of them, from the fixtures. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatNamed } from '../../src/formats/index.ts'
import { loadInputs } from '../../src/input/index.ts'
import type { RunArtifact, Subject } from '../../src/model/artifact.ts'
import type { Entry } from '../../src/model/entry.ts'
import { type Relation, relation } from '../../src/provenance/identity.ts'

export const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url))

export interface ExpectedRow {
  readonly input: string
  readonly kind: string
  readonly format: string
  readonly variant: string
  readonly file?: string
}

/** Every Statement that Chains made of the inputs, in each format and variant. */
export function expectedRows(): readonly ExpectedRow[] {
  const rows = JSON.parse(readFileSync(join(FIXTURES, 'expected/index.json'), 'utf8')) as readonly ExpectedRow[]
  return rows.filter(({ file, format }) => file !== undefined && format !== 'simplesigning')
}

/** The run that an input is about: its PipelineRun, else its TaskRun. */
export async function runIn(input: string): Promise<RunArtifact> {
  const path = join(FIXTURES, input)
  if (!existsSync(path)) throw new Error(`no fixture ${input}`)
  const { runs } = await loadInputs([path])
  const run = runs.find(({ kind }) => kind === 'PipelineRun') ?? runs[0]
  if (run === undefined) throw new Error(`no run in ${input}`)
  return run
}

export function statementIn({ file }: ExpectedRow): Statement {
  return JSON.parse(readFileSync(join(FIXTURES, file ?? ''), 'utf8')) as Statement
}

/** Open, so that a test may bend whatever it likes. */
// biome-ignore lint/suspicious/noExplicitAny: JSON of a Statement, bent by the tests
export type Statement = any

export function entryOf(statement: Statement): Entry {
  const payload = Buffer.from(JSON.stringify(statement))
  return { kind: 'dsse', payloadType: 'application/vnd.in-toto+json', payload, signatures: [{ sig: Buffer.from('s') }] }
}

export function subjectsOf(run: RunArtifact): readonly Subject[] {
  const options = { builderId: '', buildType: '', deepInspection: false }
  return formatNamed('slsa/v1').subjects(run, options)
}

/** How a Statement relates to the run at hand, in the run's own place. */
export function related(statement: Statement, run: RunArtifact, holds: 'one' | 'many' = 'one'): Relation {
  return relation(entryOf(statement), run, subjectsOf(run), holds)
}
