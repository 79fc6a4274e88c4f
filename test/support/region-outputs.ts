/** Real outputs of the commands on key sets of regions, good and bad. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SchemaName } from '../../src/report/schemas/index.ts'
import { provHere } from './in-process.ts'
import { fixtureKey } from './key-site.ts'
import type { Output } from './outputs.ts'
import { ownKey } from './regions.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from './runs.ts'
import { scratch } from './scratch.ts'

export interface RegionPlace {
  readonly folder: string
  /** `file:FOLDER` */
  readonly at: string
  readonly regions: string
}

/** An empty place for the regions eu and us, whose publishers have the fixtures' key. */
export function regionPlace(): RegionPlace {
  const folder = scratch()
  const regions = join(folder, 'regions.yaml')
  writeFileSync(
    regions,
    `v: 1\nregions:\n${['eu', 'us'].map((name) => `  - name: ${name}\n    file: ${PUBLIC_KEY}\n`).join('')}`,
  )
  return { folder, at: `file:${join(folder, 'jwks')}`, regions }
}

async function ask(...args: readonly string[]): Promise<Output> {
  const all = ['keys', ...args, '--json']
  return { args: all, ...(await provHere(all, { env: { COSIGN_PASSWORD: PASSWORD } })) }
}

/** Publishes these keys, by default the fixtures' own. */
export async function publishHere(
  { folder, at }: RegionPlace,
  region: string,
  keys?: readonly object[],
  ...more: readonly string[]
): Promise<Output> {
  const set = join(folder, `set-${randomBytes(6).toString('hex')}.json`)
  writeFileSync(set, JSON.stringify({ keys: keys ?? [(await fixtureKey()).jwk] }))
  return ask('publish', '--region', region, '--to', at, '--publisher-key', PRIVATE_KEY, '--from', set, ...more)
}

export const mergeHere = ({ at, regions }: RegionPlace, ...more: readonly string[]): Promise<Output> =>
  ask('merge', '--at', at, '--regions', regions, ...more)
export const statusHere = ({ at, regions }: RegionPlace, ...more: readonly string[]): Promise<Output> =>
  ask('status', '--at', at, '--max-age', '1h', '--regions', regions, ...more)

type RegionSchema = Extract<SchemaName, 'keys-publish' | 'keys-merge' | 'keys-status'>

/** By schema: everything that its command printed. */
export const REGION_OUTPUTS: Readonly<Record<RegionSchema, () => Promise<readonly Output[]>>> = {
  async 'keys-publish'() {
    const at = regionPlace()
    const { jwk } = await fixtureKey()
    return [
      await publishHere(at, 'eu'),
      await publishHere(at, 'eu', [{ ...jwk, kid: 'key-1' }]),
      await publishHere(at, 'us', []),
      await publishHere(at, 'us', [{ ...jwk, d: 'AAAA' }]),
      await publishHere(at, '../us'),
    ]
  },
  async 'keys-merge'() {
    const at = regionPlace()
    const nothing = await mergeHere(at)
    await publishHere(at, 'eu')
    const first = await mergeHere(at)
    await publishHere(at, 'us')
    const second = await mergeHere(at)
    writeFileSync(join(at.folder, 'jwks/keys/us.json'), '{')
    writeFileSync(join(at.folder, 'jwks/keys/old.json'), '{')
    const spoilt = await mergeHere(at)
    const set = join(at.folder, 'jwks/public/keys.json')
    const slippedIn = JSON.parse(readFileSync(set, 'utf8')) as { readonly keys: object[] }
    slippedIn.keys.push((await ownKey()).jwk)
    writeFileSync(set, JSON.stringify(slippedIn))
    return [nothing, first, second, spoilt, await mergeHere(at), await mergeHere({ ...at, regions: 'nowhere.yaml' })]
  },
  async 'keys-status'() {
    const at = regionPlace()
    const nothing = await statusHere(at)
    await publishHere(at, 'eu')
    await publishHere(at, 'us')
    await mergeHere(at)
    return [
      nothing,
      await statusHere(at),
      await statusHere(at, '--url', 'https://127.0.0.1:1/keys.json'),
      await statusHere(at, '--max-age', '1ms'),
      await ask('status', '--at', at.at, '--max-age', '1h'),
      await ask('status', '--at', 'http://x', '--max-age', '1h'),
    ]
  },
}
