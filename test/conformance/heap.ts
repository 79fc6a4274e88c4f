/** How much memory work leaves behind. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: ((options: object) => void) | undefined

/** Bytes in use once everything that nobody holds is gone. */
export async function heapInUse(): Promise<number> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as (options: object) => void
  }
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((done) => setTimeout(done, 20)) // what is only scheduled comes first
    // What an ordinary collection leaves to a later one is not kept either.
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }
  return process.memoryUsage().heapUsed
}

/** Rounds after which what still grows is kept; others things of the process may grow in one of them. */
const ROUNDS = 3

/**
 * Bytes by which the heap grew in the best of some rounds, after one that does not count. What is kept for ever grows in each of them.
 *
 * @example await growth((round) => visit(slotsOf(round)), 200_000) // 1200
 */
export async function growth(round: (number: number) => Promise<void>, enough: number): Promise<number> {
  await round(0)
  let best = Number.POSITIVE_INFINITY
  let before = await heapInUse()
  for (let number = 1; number <= ROUNDS && best > enough; number++) {
    await round(number)
    const after = await heapInUse()
    best = Math.min(best, after - before)
    before = after
  }
  return best
}
