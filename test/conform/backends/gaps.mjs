// A flawed backend that knows its flaw; and claims one that it does not have.
import { rig as flawed } from './flawed.mjs'

export const rig = (context) => flawed({ ...context, setting: () => 'ignoresAbort' })
export const gaps = {
  abortBefore: 'nothing here looks at the signal',
  abortDuring: 'nothing here looks at the signal',
  close: 'this one holds',
}
