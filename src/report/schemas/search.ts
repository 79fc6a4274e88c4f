/** What `prov search --json` prints: a line an entry, and how complete that is; or, with --impact, what all come to. */
import type { Hit, Impact, KnownCopy, Mark, Shares, Standing } from '../../truth/search-port.ts'
import { STATES } from '../../truth/states.ts'
import type { ShownHit, ShownImpact, ShownSummary } from '../text/search-text.ts'
import { output } from './document.ts'
import { BACKEND, ENTRY_ID, EXIT, NEXT, ref } from './parts.ts'
import { BOOL, COUNT, list, object, oneOf, type Schema, says, TEXT } from './shape.ts'

const SOURCES: Readonly<Record<Hit['source'], true>> = { signed: true, adopted: true, imported: true }
export const ENTRY_STATE: Readonly<Record<Standing['state'] | 'absent', true>> = {
  good: true,
  quarantined: true,
  superseded: true,
  absent: true,
}

export const COPY = object<KnownCopy>(
  { target: BACKEND, slotKey: TEXT, state: oneOf(STATES), required: BOOL },
  {
    location: says(TEXT, 'of a copy that was confirmed'),
    host: says(TEXT, 'the only machine that can deliver it'),
    error: says(ref('error'), 'what went wrong the last time'),
  },
)

export const HIT = object<ShownHit>(
  {
    seq: says(COUNT, 'number of the entry in the truth'),
    artifact: says(TEXT, 'URI of the artifact'),
    format: TEXT,
    entry: ENTRY_ID,
    keyids: says(list(TEXT), 'each key as SHA256:… and as the sha256 of its SPKI in hex'),
    source: says(oneOf(SOURCES), 'how it came into the truth'),
  },
  {
    state: says(oneOf(ENTRY_STATE), 'absent: the index has it, the truth does not'),
    reason: says(ref('error'), 'why it is quarantined'),
    supersedes: says(COUNT, 'older signatures whose place it has taken'),
    committed: says(TEXT, 'RFC 3339'),
    copies: says(list(COPY), 'as the truth has them; absent where no truth was asked'),
  },
  'one entry',
)

export const MARK: Schema = says(
  object<Mark>({ xid: says(TEXT, 'number of the transaction'), seq: COUNT }, {}),
  'the last entry before which nothing can be committed any more',
)

interface Summary extends ShownSummary {
  readonly command: string
  readonly version: string
  readonly upTo?: Mark
  readonly exit: number
  readonly next?: string
}

const SUMMARY = object<Summary>(
  {
    command: { const: 'search' },
    version: TEXT,
    source: oneOf({ truth: true, index: true }),
    found: COUNT,
    more: says(BOOL, 'there are entries after the last one'),
    complete: says(BOOL, 'nothing up to upTo is missing'),
    copies: oneOf({ 'not asked': true, 'as the truth has them': true }),
    exit: EXIT,
  },
  { upTo: MARK, why: says(TEXT, 'why it is not complete'), next: NEXT },
  'the last line',
)

const SHARES = object<Shares>(
  {
    total: says(COUNT, 'how many there are'),
    first: list(object<Shares['first'][number]>({ name: TEXT, entries: COUNT }, {})),
  },
  {},
)

const IMPACT = object<ShownImpact>(
  {
    entries: COUNT,
    quarantined: COUNT,
    imported: COUNT,
    artifacts: SHARES,
    runs: SHARES,
    builders: SHARES,
    places: list(object<Impact['places'][number]>({ target: BACKEND, state: oneOf(STATES), copies: COUNT }, {})),
    unknown: says(
      object<Impact['unknown']>({ superseded: COUNT, pruned: COUNT, refused: COUNT, long: COUNT }, {}),
      'what the other numbers do not count',
    ),
    complete: says(BOOL, 'nothing up to upTo is missing'),
    notKnown: says(list(TEXT), 'the same in sentences, and what has no number'),
  },
  { upTo: MARK, since: says(TEXT, 'RFC 3339'), until: says(TEXT, 'RFC 3339') },
)

interface Counted {
  readonly command: string
  readonly version: string
  readonly impact: ShownImpact
  readonly exit: number
}

export const schema = output(
  'each line of prov search --json',
  HIT,
  SUMMARY,
  object<Counted>({ command: { const: 'search' }, version: TEXT, impact: IMPACT, exit: EXIT }, {}, 'with --impact'),
)
