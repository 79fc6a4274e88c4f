/** Help in the width of the terminal: what commander leaves as it is written, the examples above all. Pure. */
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
