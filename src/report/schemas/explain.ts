/** What `prov explain --json` prints. */
import type { Explained } from '../explain/explain.ts'
import { output } from './document.ts'
import { EXIT } from './parts.ts'
import { BOOL, list, object, oneOf, says, TEXT } from './shape.ts'

const EXPLAINED = object<Explained>(
  {
    name: TEXT,
    kind: oneOf({ code: true, mark: true } satisfies Record<Explained['kind'], true>),
    exit: EXIT,
    retryable: says(BOOL, 'running the same command again may help'),
    meaning: TEXT,
    causes: TEXT,
    action: says(TEXT, 'what to do'),
  },
  {},
)

export const schema = output(
  'prov explain --json',
  object<{ readonly explained: readonly Explained[] }>({ explained: list(EXPLAINED) }, {}),
)
