/** What `prov payload --json` prints. */
import { output } from './document.ts'
import { BASE64, object, TEXT } from './shape.ts'

interface Printed {
  readonly artifact: string
  readonly format: string
  readonly payloadType: string
  readonly payload: string
}

export const schema = output(
  'prov payload --json',
  object<Printed>({ artifact: TEXT, format: TEXT, payloadType: TEXT, payload: BASE64 }, {}),
  { type: 'null', description: 'there is nothing to sign in this format' },
)
