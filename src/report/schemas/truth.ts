/** What the commands of `prov truth` print with --json. */

import type { Backlog } from '../../truth/truth.ts'
import type { Machine, WorkerBeat } from '../../truth/worker-beat.ts'
import { output } from './document.ts'
import { EXIT, NEXT } from './parts.ts'
import { BOOL, COUNT, list, object, oneOf, says, TEXT } from './shape.ts'
import { OWED_STATE } from './worker.ts'

interface Head {
  readonly command: string
  readonly version: string
}
interface Facts extends Head {
  readonly url: string
  readonly schema: number
  readonly id: string
}

const URL_TEXT = says(TEXT, 'without a password')
const ID = says(TEXT, "the truth's own name; another one after adopt")
const facts = (command: string) => ({
  command: { const: command },
  version: TEXT,
  url: URL_TEXT,
  schema: COUNT,
  id: ID,
})

export const init = output(
  'prov truth init --json',
  object<Facts & { readonly made: boolean }>(
    { ...facts('truth init'), made: says(BOOL, 'false for one that was there') },
    {},
  ),
)

export const migrate = output(
  'prov truth migrate --json',
  object<Facts & { readonly before: number }>({ ...facts('truth migrate'), before: COUNT }, {}),
)

export const adopt = output('prov truth adopt --json', object<Facts>(facts('truth adopt'), {}))

interface Checked extends Facts {
  readonly exit: number
  readonly engine: string
  readonly damage: readonly string[]
  readonly withoutTerms: number
  readonly backlog: readonly Backlog[]
  readonly workers: readonly WorkerBeat[]
  readonly unserved: readonly string[]
  readonly stranded: readonly Machine[]
  readonly next?: string
}

export const check = output(
  'prov truth check --json',
  object<Checked>(
    {
      ...facts('truth check'),
      exit: EXIT,
      engine: oneOf({ sqlite: true, postgres: true }),
      damage: says(list(TEXT), 'what SQLite finds wrong with the file'),
      withoutTerms: says(COUNT, 'entries that no search finds until prov truth migrate was run'),
      backlog: list(object<Backlog>({ target: TEXT, state: OWED_STATE, rows: COUNT, oldestMs: COUNT }, {})),
      workers: list(object<WorkerBeat>({ holder: TEXT, host: TEXT, targets: list(TEXT) }, {})),
      unserved: says(list(TEXT), 'backends that something is owed to, and that no worker serves'),
      stranded: says(
        list(object<Machine>({ host: TEXT, rows: COUNT, seenMs: says(COUNT, 'how long ago it was last seen') }, {})),
        'machines that alone can deliver something, and on which no worker runs',
      ),
    },
    { next: NEXT },
  ),
)

export const backup = output(
  'prov truth backup --json',
  object<Head & { readonly url: string; readonly file: string }>(
    { command: { const: 'truth backup' }, version: TEXT, url: URL_TEXT, file: TEXT },
    {},
  ),
)

export const grants = output(
  'prov truth grants --json',
  object<Head & { readonly sql: string }>({ command: { const: 'truth grants' }, version: TEXT, sql: TEXT }, {}),
)
