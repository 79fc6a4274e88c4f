/** What `prov serve --check --json` prints. */
import { output } from './document.ts'
import { BOOL, list, object, says, TEXT } from './shape.ts'

export interface ServeCheck {
  readonly command: 'serve'
  readonly version: string
  readonly backends: readonly string[]
  readonly tls: boolean
  readonly truth: boolean
  readonly cache: boolean
  readonly exit: 0
}

export const schema = output(
  'prov serve --check --json',
  object<ServeCheck>(
    {
      command: { const: 'serve' },
      version: TEXT,
      backends: list(TEXT),
      tls: says(BOOL, 'whether it would listen with TLS'),
      truth: says(BOOL, 'whether a source of truth is named; it was opened'),
      cache: says(BOOL, 'whether a cache is named; it answered'),
      exit: { const: 0 },
    },
    {},
  ),
)
