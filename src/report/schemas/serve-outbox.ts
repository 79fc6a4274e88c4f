/** What GET /v1/outbox answers: deliveries of the source of truth. */
import type { DeliveryJson } from '../text/outbox-text.ts'
import { output } from './document.ts'
import { ROW } from './outbox.ts'
import { BOOL, list, object, says } from './shape.ts'

/** The answer of GET /v1/outbox. */
export interface OutboxAnswer {
  readonly deliveries: readonly DeliveryJson[]
  /** There are deliveries after the last one: `after` is its id. */
  readonly more: boolean
}

export const schema = output(
  'answer of GET /v1/outbox of prov serve',
  object<OutboxAnswer>({ deliveries: list(ROW), more: says(BOOL, 'there are deliveries after the last one') }, {}),
)
