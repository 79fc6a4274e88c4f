/** What `prov list --json` prints: JSON lines. */
import type { Slot } from '../../backend/backend.ts'
import { output } from './document.ts'
import { SLOT_MEMBERS, SLOT_NAMES } from './parts.ts'
import { object, TEXT } from './shape.ts'

type Printed = Omit<Slot, 'key'> & { readonly slot: string }

export const schema = output(
  'each line of prov list --json',
  object<Printed>({ ...SLOT_MEMBERS, slot: TEXT }, { names: SLOT_NAMES }, 'a place that holds entries'),
)
