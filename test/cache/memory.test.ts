/** The memory as a cache. */
import { MEMORY_BYTES, memoryProvider } from '../../src/cache/memory.ts'
import { handClock } from '../support/verdicts.ts'
import { providerSuite } from './provider-suite.ts'

const clock = handClock()

providerSuite(
  'memory',
  async () => ({ provider: memoryProvider({ bytes: MEMORY_BYTES, now: clock.now }), close: async () => undefined }),
  async () => {
    clock.at += 1001
  },
)
