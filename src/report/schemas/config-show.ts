/** What `prov config show --json` prints. */
import type { Origin } from '../../config/settings.ts'
import { output } from './document.ts'
import { list, object, oneOf, says, TEXT } from './shape.ts'

const ORIGINS: Readonly<Record<Origin, true>> = { flag: true, environment: true, file: true, default: true }

interface Shown {
  readonly key: string
  readonly value?: string
  readonly origin: string
  readonly variable: string
}

interface Printed {
  readonly settings: readonly Shown[]
  readonly warnings: readonly string[]
}

const SETTING = object<Shown>(
  { key: TEXT, origin: oneOf(ORIGINS), variable: says(TEXT, 'the variable that sets it') },
  { value: says(TEXT, 'absent when unset; secrets are not shown') },
)

export const schema = output(
  'prov config show --json',
  object<Printed>({ settings: list(SETTING), warnings: list(TEXT) }, {}),
)
