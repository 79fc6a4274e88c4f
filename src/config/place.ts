/** Where the settings say that a backend is, to find out when two backends are the same store. */
import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Settings } from './settings.ts'

/** Settings that say how a store is reached, not where it is. */
const HOW = /\.(?:timeout|tag-writes|hosts|ca-file|insecure|path-style|region|notehint|retries)$/
/** A path on the local disk that replaces whatever else is set. */
const ON_DISK = /\.(?:directory|layout|file)$/

/**
 * The same text for the same place, as far as settings tell: paths are followed, and a directory is one whichever backend writes there.
 *
 * @example placeOf('gcs', settings) === placeOf('s3', other) // true, when both name one directory
 */
export function placeOf(backend: string, settings: Settings): string {
  const own = settings.table.rows.filter(({ key, usedBy }) => usedBy === backend && !HOW.test(key))
  const set = own.flatMap(({ key }) => {
    const value = settings.get(key)
    return value === undefined ? [] : [{ key, value }]
  })
  const disk = set.find(({ key }) => ON_DISK.test(key))
  if (disk !== undefined) {
    const kind = disk.key.slice(disk.key.lastIndexOf('.') + 1)
    const encoding = set.filter(({ key }) => key.endsWith('.encoding-format')).map(({ value }) => value)
    return JSON.stringify([kind, realPlace(disk.value), ...encoding])
  }
  const cluster = ['kubernetes.kubeconfig', 'kubernetes.context'].map((key) => settings.get(key) ?? '')
  return JSON.stringify([backend, ...set.map(({ key, value }) => [key, fileUrl(value)]), cluster])
}

function fileUrl(value: string): string {
  return value.startsWith('sqlite:') ? `sqlite:${realPlace(value.slice('sqlite:'.length))}` : value
}

/**
 * The path with every link followed, as far as it is there.
 *
 * @example realPlace('layout') // '/srv/prov/layout'
 */
export function realPlace(path: string): string {
  const whole = resolve(path)
  try {
    return realpathSync(whole)
  } catch {
    return dirname(whole) === whole ? whole : join(realPlace(dirname(whole)), basename(whole))
  }
}
