/** How wide and how colourful text may be. */
import { styleText } from 'node:util'
import type { Io } from '../io.ts'
import type { Layout } from '../report.ts'

/** Colour only on a terminal that wants it: NO_COLOR and TERM=dumb are honoured. */
export function layoutOf(io: Io): Layout {
  const terminal = io.stdout.isTTY === true
  const wanted = (io.env['NO_COLOR'] ?? '') === '' && io.env['TERM'] !== 'dumb'
  return {
    width: terminal ? Math.max(20, io.stdout.columns ?? 80) : undefined,
    colour: terminal && wanted && styleText('red', 'x', { validateStream: false }) !== 'x',
  }
}
