/** A process of its own that puts entries into one slot: `node writer.ts URL ROUNDS`, as many as the caller says, and prints the outcomes. */
import { open } from '../../../backends/docdb/backend.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { testContext } from '../../support/context.ts'

const [url = '', rounds = '1', who = ''] = process.argv.slice(2)
const backend = open(testContext({ 'storage.docdb.url': url }))
const { signal } = new AbortController()
const outcomes: string[] = []
for (let round = 0; round < Number(rounds); round++) {
  const image = sampleImage('registry.example/acme/app', `app ${round}`)
  const run = sampleRun('build-1', image, `00000000-0000-4000-8000-${String(round).padStart(12, '0')}`)
  const [slot] = backend.slots(aboutOf('dsse', run, image))
  if (slot === undefined) throw new Error('no slot')
  const receipt = await backend.put(slot, sampleEntry('dsse', run, image, who), { signal })
  outcomes.push(receipt.outcome)
}
await backend.close()
process.stdout.write(JSON.stringify(outcomes))
