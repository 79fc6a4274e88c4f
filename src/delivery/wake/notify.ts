/** What the truth itself tells of commits: NOTIFY of PostgreSQL. */
import type { Truth } from '../../truth/truth.ts'
import type { Hint, Transport } from './wake.ts'

/** Undefined for a truth that tells nothing. @example notifyTransport(truth)?.hints(signal) */
export function notifyTransport(truth: Pick<Truth, 'listen'>): Transport | undefined {
  if (truth.listen === undefined) return undefined
  const { listen } = truth
  return {
    name: 'notify',
    location: 'the truth',
    async *hints(signal): AsyncGenerator<Hint> {
      let isTold = true
      let isOver = signal.aborted
      let wake = (): void => undefined
      const told = (): void => {
        isTold = true
        wake()
      }
      const over = (): void => {
        isOver = true
        wake()
      }
      signal.addEventListener('abort', over, { once: true })
      const deaf = await listen(told, over)
      try {
        while (!isOver) {
          if (isTold) {
            isTold = false
            yield undefined
            continue
          }
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      } finally {
        signal.removeEventListener('abort', over)
        await deaf()
      }
    },
  }
}
