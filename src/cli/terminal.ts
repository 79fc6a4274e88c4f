/** How wide and how colourful text may be, and the few ways in which commands print it. */
import { styleText } from 'node:util'
import { type Io, write } from '../platform/io.ts'
import { escapeControl } from '../platform/text/escape-control.ts'
import { wrap } from '../platform/text/wrap.ts'
import type { Layout } from '../report/text/verify-text.ts'

/** Colour only on a terminal that wants it: NO_COLOR and TERM=dumb are honoured. */
export function layoutOf(io: Io): Layout {
  const terminal = io.stdout.isTTY === true
  const wanted = (io.env['NO_COLOR'] ?? '') === '' && io.env['TERM'] !== 'dumb'
  return {
    width: widthOf(io.stdout),
    colour: terminal && wanted && styleText('red', 'x', { validateStream: false }) !== 'x',
  }
}

/** Columns of a terminal, 80 where it does not say (0); undefined for a pipe or a file, where nothing is wrapped. */
function widthOf(stream: Io['stdout']): number | undefined {
  return stream.isTTY === true ? Math.max(20, stream.columns || 80) : undefined
}

/**
 * Prints lines of a result, control characters spelled out.
 *
 * @example await show(io, ['key id SHA256:…'])
 */
export async function show(io: Io, lines: readonly string[]): Promise<void> {
  const width = widthOf(io.stdout)
  await write(
    io.stdout,
    lines
      .flatMap((line) => wrap(escapeControl(line), width))
      .map((line) => `${line}\n`)
      .join(''),
  )
}

/**
 * Says something on stderr, in one line where that is not a terminal.
 *
 * @example tell(io, 'prov: nothing to sign')
 */
export function tell(io: Io, line: string): void {
  io.stderr.write(`${wrap(escapeControl(line), widthOf(io.stderr)).join('\n')}\n`)
}
