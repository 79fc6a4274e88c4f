/** What was read, as the first line of a text report. */
import { type InputCount, inputText } from '../../input/count.ts'
import { type Layout, page } from './verify-text.ts'

/** Nothing where no INPUT was given. */
export function inputLine({ input }: { readonly input?: InputCount }, layout: Layout): string {
  return input === undefined ? '' : page([inputText(input)], layout)
}
