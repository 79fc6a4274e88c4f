/**
 * A rotation in a process of its own that is killed right after one of its steps: `node killed-child.ts PLACE FOLDER JOURNAL STEP`, all JSON. Step 0
 * kills before the first, and a step that does not come to pass kills nothing.
 */
import { journalsIn } from '../../src/keysets/journal-sql.ts'
import { rotate } from '../../src/keysets/run-steps.ts'
import { openDatabase } from '../../src/truth/open.ts'
import { emptyStore, rotateJob } from '../support/journal.ts'
import { PUBLIC } from './public.ts'

const [place, folder, journal, wanted] = process.argv.slice(2).map((text) => JSON.parse(text))

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

const journals = journalsIn(await openDatabase(place, { make: false }))
const store = emptyStore(folder)
let steps = 0
if (wanted.at === 0) die()
const job = rotateJob(
  {
    ...journals,
    async change(...args) {
      const won = await journals.change(...args)
      if (wanted.at === steps + 1) die()
      return won
    },
  },
  journal,
  {
    ...store,
    async make(...args) {
      const made = await store.make(...args)
      if (wanted.at === steps + 1) die()
      return made
    },
    async destroy(...args) {
      const gone = await store.destroy(...args)
      if (wanted.at === steps + 1) die()
      return gone
    },
  },
)
function count(): void {
  steps += 1
}
await rotate({ ...job, ...PUBLIC, told: count })
await journals.close()
