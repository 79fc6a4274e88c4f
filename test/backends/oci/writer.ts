/**
 * One writer process: puts entries of its own, one after the other, into the attestations of one image. Prints the number of
 * those that were stored, as a line of JSON.
 */
import { open } from '../../../backends/oci/backend.ts'
import { asProvError } from '../../../src/errors.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { testContext } from '../../support/context.ts'

interface Job {
  readonly settings: Readonly<Record<string, string>>
  readonly repository: string
  readonly label: string
  readonly count: number
}

const job = JSON.parse(process.argv[2] ?? '') as Job
const backend = open(testContext(job.settings))
const image = sampleImage(job.repository, 'app')
const stored: string[] = []
const failed: string[] = []
for (let n = 0; n < job.count; n++) {
  const run = sampleRun(`${job.label}-${n}`, image)
  const [slot] = backend.slots(aboutOf('dsse', run, image))
  if (slot === undefined) throw new Error('no slot')
  try {
    await backend.put(slot, sampleEntry('dsse', run, image), { signal: AbortSignal.timeout(120_000) })
    stored.push(run.uid)
  } catch (thrown) {
    const error = asProvError(thrown)
    failed.push(`${error.code}: ${error.operation}: ${error.message}`)
  }
}
await backend.close()
process.stdout.write(`${JSON.stringify({ stored, failed })}\n`)
