/** What `prov keys publish`, `merge` and `status --json` print. */
import type { FileStatus } from '../../keysets/status.ts'
import type { ShownMerge, ShownPublished, ShownRegion, ShownStatus } from '../text/key-sets-text.ts'
import { output } from './document.ts'
import { EXIT, NEXT, ref } from './parts.ts'
import { BOOL, COUNT, list, object, oneOf, says, TEXT } from './shape.ts'

interface Head {
  readonly command: string
  readonly version: string
}

const TIME = says(TEXT, 'RFC 3339, UTC')
const SEQ = says({ ...COUNT, minimum: 1 }, 'number of the file of the region')
const ROOT = says(TEXT, 'where the files are')
const LOST = says(COUNT, 'races that other writers won before')
const ERROR = ref('error')

export const publish = output(
  'prov keys publish --json',
  object<Head & ShownPublished & { readonly to: string; readonly exit: number }>(
    {
      command: { const: 'keys publish' },
      version: TEXT,
      exit: EXIT,
      to: ROOT,
      region: TEXT,
      outcome: oneOf({ written: true, unchanged: true } satisfies Record<ShownPublished['outcome'], true>),
      seq: SEQ,
      issuedAt: TIME,
      expiresAt: says(TIME, 'until when the file is fresh'),
      keys: COUNT,
      revoked: says(COUNT, 'keys that must not be trusted'),
      lost: LOST,
    },
    {
      renamed: says(
        list(object<NonNullable<ShownPublished['renamed']>[number]>({ from: TEXT, kid: TEXT }, {})),
        'keys of another issuer, whose own kids gave way to their thumbprints',
      ),
    },
  ),
)

const REGION = object<ShownRegion>(
  { region: TEXT },
  {
    from: says(
      oneOf({ file: true, 'last good': true } satisfies Record<NonNullable<ShownRegion['from']>, true>),
      'where the file that is used came from; absent: none can be used',
    ),
    seq: SEQ,
    issuedAt: TIME,
    expiresAt: TIME,
    keys: COUNT,
    error: ERROR,
  },
)

export const merge = output(
  'prov keys merge --json',
  object<Head & ShownMerge & { readonly at: string; readonly next?: string }>(
    {
      command: { const: 'keys merge' },
      version: TEXT,
      exit: EXIT,
      at: ROOT,
      outcome: oneOf({ written: true, unchanged: true, refused: true } satisfies Record<ShownMerge['outcome'], true>),
      regions: list(REGION),
      strays: says(list(TEXT), 'objects among the files of regions that belong to none; at most 20'),
      lost: LOST,
    },
    {
      keys: says(COUNT, 'keys in the public set'),
      archived: says(COUNT, 'retired keys in the archive'),
      revoked: says(COUNT, 'keys that must not be trusted'),
      refused: says(ERROR, 'why nothing was written'),
      dropped: says(ERROR, 'keys that stood in the set before and that no region has published'),
      next: NEXT,
    },
  ),
)

const FILE = object<FileStatus>(
  {
    seq: SEQ,
    issuedAt: TIME,
    expiresAt: TIME,
    ageMs: says(COUNT, 'milliseconds since it was issued'),
    keys: COUNT,
    revoked: COUNT,
  },
  {},
)

export const status = output(
  'prov keys status --json',
  object<Head & ShownStatus & { readonly at: string; readonly next?: string }>(
    {
      command: { const: 'keys status' },
      version: TEXT,
      exit: EXIT,
      at: ROOT,
      verified: says(BOOL, 'the signatures of the files were verified'),
      regions: list(
        object<ShownStatus['regions'][number]>(
          { region: TEXT },
          {
            file: says(FILE, "the region's own file; absent: none that can be used"),
            merged: says(FILE, 'what the public set has of it'),
            errors: list(ERROR),
          },
        ),
      ),
      urls: list(
        object<ShownStatus['urls'][number]>(
          {
            url: TEXT,
            seqs: says(
              { type: 'object', additionalProperties: SEQ },
              'by region, the number of the file that the URL serves',
            ),
          },
          { keys: COUNT, maxAgeMs: says(COUNT, 'how long caches may keep it, in milliseconds'), errors: list(ERROR) },
        ),
      ),
      errors: says(list(ERROR), 'what is wrong with the public set as a whole'),
    },
    { next: NEXT },
  ),
)
