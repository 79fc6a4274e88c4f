/** Requests and conditional writes of a merge, as ratios: part of `npm run bench`; `npm run bench -- keys` runs nothing else. */
import type { Objects } from '../../src/backend/objects.ts'
import type { KeyPlace } from '../../src/keysets/place.ts'
import { trial } from '../keysets/trial.ts'
import { KEY_PLACES } from '../support/key-places.ts'
import { active, mergeOnce, ownKey, publishFile, regionNamed } from '../support/regions.ts'
import type { Print } from './moves.ts'

const REGIONS = 20
const KEYS = 5

/** Each call is one request: a listing of so few objects has one page. */
function counted({ root, objects }: KeyPlace): { readonly place: KeyPlace; taken(): number } {
  let requests = 0
  const count =
    <A extends readonly unknown[], T>(call: (...args: A) => T) =>
    (...args: A): T => {
      requests += 1
      return call(...args)
    }
  const own: Objects = {
    get: count(objects.get),
    put: count(objects.put),
    list: count(objects.list),
    close: objects.close,
  }
  const taken = (): number => {
    const before = requests
    requests = 0
    return before
  }
  return { place: { root, objects: own }, taken }
}

async function requests(print: Print): Promise<void> {
  const { open } = await KEY_PLACES['fake-gcs']()
  const { place, taken } = counted(await open())
  const regions = await Promise.all(Array.from({ length: REGIONS }, (_, at) => regionNamed(`r${at}`)))
  const publish = async (at: number, seq: number): Promise<void> => {
    const region = regions[at]
    const keys = await Promise.all(Array.from({ length: KEYS }, ownKey))
    if (region !== undefined) await publishFile(place, region, seq, keys.map(active))
  }
  const merges: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['the first of all', () => Promise.all(regions.map((_, at) => publish(at, 1)))],
    ['one region is new', () => publish(3, 2)],
    ['nothing is new', async () => {}],
  ]
  for (const [what, prepare] of merges) {
    await prepare()
    taken()
    await mergeOnce(place, regions)
    const least = `the least (${REGIONS} regions, a listing, the set)`
    print(`merge of ${REGIONS} x ${KEYS} keys, ${what}`, taken(), least, REGIONS + 2, 'requests', 'at most 1.5')
  }
  place.objects.close()
}

async function contention(print: Print): Promise<void> {
  const { open } = await KEY_PLACES['fake-gcs']()
  const { writes, won } = await trial({ mergers: 8, rotations: 200, everyMs: 50, open })
  print('8 mergers, 200 rotations', writes, 'the least', won, 'conditional writes', 'at most 3')
}

export async function keysBench(print: Print): Promise<void> {
  await requests(print)
  await contention(print)
}
