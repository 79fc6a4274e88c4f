/** The definition of a truth: the same lines for every engine. */
import { afterEach, beforeEach, describe } from 'vitest'
import type { SqlValue } from '../../src/truth/sql.ts'
import type { Truth } from '../../src/truth/truth.ts'
import { commitLines } from './suite-commit.ts'
import { deliveryLines } from './suite-deliver.ts'
import { outboxLines } from './suite-outbox.ts'
import { searchLines } from './suite-search.ts'
import { termLines } from './suite-terms.ts'

/** An empty truth of one engine. */
export interface Rig {
  /** Makes or changes the tables; gives the schema that was there. */
  migrate(): Promise<number>
  /** After a restore. */
  adopt(): Promise<void>
  /** As another process would. */
  open(): Promise<Truth>
  /** As `prov store` would, which makes an SQLite file that is not there. */
  make(): Promise<Truth>
  /** What somebody does by hand. Parameters are `$1`. */
  sql(text: string, values?: readonly SqlValue[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  close(): Promise<void>
}

/** What each line has at hand: made anew for every one. */
export interface Scene {
  readonly rig: Rig
  readonly truth: Truth
  /** A second connection, closed after the line. */
  another(): Promise<Truth>
}

export function truthSuite(name: string, makeRig: () => Promise<Rig>): void {
  describe(`truth ${name}`, () => {
    let rig: Rig
    let truth: Truth
    const opened: Truth[] = []
    const another = async (): Promise<Truth> => {
      const one = await rig.open()
      opened.push(one)
      return one
    }
    beforeEach(async () => {
      rig = await makeRig()
      await rig.migrate()
      truth = await another()
    })
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close()
      await rig.close()
    })
    const scene = { rig: current(() => rig), truth: current(() => truth), another }
    commitLines(scene)
    deliveryLines(scene)
    outboxLines(scene)
    termLines(scene)
    searchLines(scene)
  })
}

/** Stands for the object that there is when a member is asked for. */
function current<T extends object>(get: () => T): T {
  return new Proxy({} as T, { get: (_, name) => Reflect.get(get(), name) })
}
