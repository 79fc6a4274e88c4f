/** The process as the set-up sees it: warnings and details become lines on stderr. */
import type { Io } from '../platform/io.ts'
import type { World } from '../setup/world.ts'
import { tell } from './terminal.ts'

/** How much is told. */
export interface Voice {
  readonly quiet?: boolean
  readonly verbose?: boolean
}

/** @example const setup = await setUp(options, worldOf(io, options)) */
export function worldOf(io: Io, { quiet, verbose }: Voice): World {
  const { env, signal, now, random } = io
  return {
    env,
    signal,
    get stdin() {
      return io.stdin
    },
    now: () => now.call(io),
    random: (size) => random.call(io, size),
    warn: (line) => {
      if (quiet !== true) tell(io, `prov: ${line}`)
    },
    retrying: (line) => {
      if (verbose === true || (io.stderr.isTTY === true && quiet !== true)) tell(io, `prov: ${line}`)
    },
    debug: (line) => {
      if (verbose === true) tell(io, `prov: ${line}`)
    },
  }
}

/** One line on stderr, unless --quiet. */
export function warn(io: Io, voice: Voice, line: string): void {
  worldOf(io, voice).warn(line)
}
