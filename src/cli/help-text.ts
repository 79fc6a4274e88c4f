/** Help in the width of the terminal: what commander leaves as it is written, the examples above all. Pure. */
import { Help, type HelpConfiguration } from 'commander'
import { continued } from '../platform/text/command-line.ts'
import { wrap } from '../platform/text/wrap.ts'

/**
 * Breaks the lines that are too long. Those of the examples stay commands that can be copied: they go on behind a backslash, before a
 * flag where there is one.
 *
 * @example fitHelp('Examples:\n  prov store --key cosign.key run.yaml\n', 30) // '…\n  prov store \\\n    --key cosign.key run.yaml\n'
 */
export function fitHelp(text: string, width: number): string {
  let examples = false
  const lines = text.split('\n').flatMap((line) => {
    if (line === 'Examples:') examples = true
    else if (line === '') examples = false
    return examples && line.length > width ? continued(line, width) : wrap(line, width)
  })
  return lines.join('\n')
}

/** A longer flag stands on a line of its own, so that it does not take the room of every other one's description. */
const LONGEST_FLAG = 24

/** How commander sets flags and their descriptions beside each other. */
export const HELP_COLUMNS: HelpConfiguration = {
  padWidth(command, helper) {
    return Math.min(Help.prototype.padWidth.call(helper, command, helper), LONGEST_FLAG)
  },
  formatItem(term, termWidth, description, helper) {
    const item = Help.prototype.formatItem
    if (term.length <= termWidth || description === '') return item.call(helper, term, termWidth, description, helper)
    return `  ${term}\n${item.call(helper, '', termWidth, description, helper)}`
  },
}
