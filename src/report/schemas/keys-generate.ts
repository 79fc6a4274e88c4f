/** What `prov keys generate --json` prints. */
import { output } from './document.ts'
import { object, TEXT } from './shape.ts'

interface Printed {
  readonly privateFile: string
  readonly publicFile: string
  readonly keyid: string
}

export const schema = output(
  'prov keys generate --json',
  object<Printed>({ privateFile: TEXT, publicFile: TEXT, keyid: TEXT }, {}),
)
