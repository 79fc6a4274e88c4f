/** Who publishes the keys of which region: the file of `--key-publisher` and `--regions`, YAML or JSON. */
import { dirname, resolve } from 'node:path'
import type { Environment } from '../keys/pem.ts'
import { keysIn, readKeys } from './read-keys.ts'
import type { Trust } from './trust.ts'
import { trustIn } from './trusted-keys.ts'
import { yamlForm } from './yaml-form.ts'

/** The file as it is written; `prov schema regions` is made of this. */
export interface RegionsFile {
  readonly v: 1
  readonly regions: readonly RegionEntry[]
}

export interface RegionEntry {
  /** Lower case letters, digits and -. */
  readonly name: string
  /** Public keys of its publisher, PEM: a path, from the folder of this file. Either this or `pem`. Where there are several keys, each of them counts. */
  readonly file?: string
  /** The public keys themselves, PEM. */
  readonly pem?: string
}

/** The keys of each region's publisher, by the region's name, in the order of names. */
export type Publishers = ReadonlyMap<string, Trust>

const MAX_REGIONS = 100
const FORM = yamlForm('prov schema regions prints the form of this file')

/** A name that can be part of an object's name, and of no other object's. */
const REGION = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** @example isRegion('../eu') // false */
export function isRegion(name: string): boolean {
  return REGION.test(name)
}

/** What a region may be called, for messages. */
export const REGION_NAMES = 'lower case letters, digits and -, at most 63 of them'

/**
 * Reads the file. Throws `trust_unreadable` for what is not one (a region named twice, a name with `/` or `..`), and what reading public keys
 * throws.
 *
 * @example (await readPublishers('regions.yaml', process.env)).get('eu')?.hash
 */
export async function readPublishers(path: string, env: Environment): Promise<Publishers> {
  const file = await FORM.read(path, ['v', 'regions'])
  const listed = FORM.list(path, file, 'regions')
  if (listed.length === 0) throw FORM.refused(path, 'names no region')
  if (listed.length > MAX_REGIONS) throw FORM.refused(path, `names more than ${MAX_REGIONS} regions`)
  const found = await Promise.all(listed.map((one, at) => publisherOf(`${path}: regions[${at}]`, path, one, env)))
  const names = found.map(([name]) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw FORM.refused(path, `names the region ${twice} twice`)
  return new Map(found.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

async function publisherOf(
  where: string,
  path: string,
  value: unknown,
  env: Environment,
): Promise<readonly [string, Trust]> {
  const one = FORM.members(where, value, ['name', 'file', 'pem'])
  const name = FORM.text(where, one, 'name')
  if (name === undefined || !isRegion(name)) throw FORM.refused(where, `has no name made of ${REGION_NAMES}`)
  const [file, pem] = [FORM.text(where, one, 'file'), FORM.text(where, one, 'pem')]
  if ((file === undefined) === (pem === undefined)) throw FORM.refused(where, 'wants either file or pem')
  const keys = file === undefined ? keysIn(where, pem ?? '') : await readKeys([resolve(dirname(path), file)], env)
  return [name, trustIn(keys)]
}
