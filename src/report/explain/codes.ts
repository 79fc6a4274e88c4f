/** What causes each error and what to do: the text of `prov explain` and of the docs. What a code means stands in src/errors.ts. Pure data. */

import type { ErrorCode } from '../../errors.ts'
import { BACKEND_EXPLANATIONS } from './backend-codes.ts'
import { DELIVERY_EXPLANATIONS } from './delivery-codes.ts'
import { KEY_EXPLANATIONS } from './key-codes.ts'
import { USAGE_EXPLANATIONS } from './usage-codes.ts'
import { VERDICT_EXPLANATIONS } from './verdict-codes.ts'

export interface Explanation {
  readonly causes: string
  readonly action: string
}

/** One row a code. @example EXPLANATIONS.absent.action // 'prov repair writes it …' */
export const EXPLANATIONS: Readonly<Record<ErrorCode, Explanation>> = {
  ...USAGE_EXPLANATIONS,
  ...VERDICT_EXPLANATIONS,
  ...BACKEND_EXPLANATIONS,
  ...DELIVERY_EXPLANATIONS,
  ...KEY_EXPLANATIONS,
}
