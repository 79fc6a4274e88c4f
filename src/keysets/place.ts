/** Where key sets lie in a bucket or folder, and what is known of the objects there. Pure. */
import type { Objects, Served } from '../backend/objects.ts'
import { ARCHIVE_NAME, PUBLIC_NAME } from '../trust/public-set.ts'

/** A place of key sets. */
export interface KeyPlace {
  /** How it is named in messages; ends with `/`. */
  readonly root: string
  readonly objects: Objects
}

/** The files of regions, each written by its publisher alone. */
export const REGIONS = 'keys/'
/** The last good file of each region, written by merge alone. */
export const STATES = 'state/'
/** Read by the world, written by merge alone. */
export const PUBLIC = `public/${PUBLIC_NAME}`
export const ARCHIVE = `public/${ARCHIVE_NAME}`

/** @example regionName('eu') // 'keys/eu.json' */
export function regionName(region: string): string {
  return `${REGIONS}${region}.json`
}

/** @example stateName('eu') // 'state/eu.json' */
export function stateName(region: string): string {
  return `${STATES}${region}.json`
}

/** Without a word of the writer, Google's service lets caches keep a public object for an hour. */
export const SERVED: Served = { type: 'application/json', cache: 'public, max-age=60' }
