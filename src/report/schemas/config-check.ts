/** What `prov config check --json` prints. */
import { output } from './document.ts'
import { list, object, TEXT } from './shape.ts'

interface Printed {
  readonly exit: 0
  readonly warnings: readonly string[]
}

export const schema = output(
  'prov config check --json',
  object<Printed>({ exit: { const: 0 }, warnings: list(TEXT) }, {}),
)
