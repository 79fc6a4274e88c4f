/** What `setup/` is given of the process, for tests that start no command. */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { World } from '../../src/setup/world.ts'

/** Nothing in the environment, nobody who is told; what is given counts in its place. */
export function quietWorld(more: Partial<World> = {}): World {
  return {
    env: {},
    signal: new AbortController().signal,
    now: Date.now,
    random: (size) => randomBytes(size),
    stdin: Readable.from([]),
    warn: () => undefined,
    debug: () => undefined,
    ...more,
  }
}
