/** For programs that embed prov: a backend from options with types, in place of settings by their keys. */
import { randomBytes } from 'node:crypto'
import type { Context } from '../../src/backend/backend.ts'

/** What surrounds a backend that is opened by a program; what is absent is the process's own. */
export type Surroundings = Partial<Omit<Context, 'setting'>>

/** An option: text, a switch, milliseconds, or several texts. */
export type Option = string | boolean | number | readonly string[] | undefined

/**
 * The context in which a backend reads these options as its settings. Numbers are milliseconds.
 *
 * @example contextOf({ bucket: 'provenance' }, { bucket: 'storage.gcs.bucket' }).setting('storage.gcs.bucket') // 'provenance'
 */
export function contextOf<K extends string>(
  options: Readonly<Partial<Record<K, Option>>>,
  keys: Readonly<Record<K, string>>,
  surroundings: Surroundings = {},
): Context {
  const settings = new Map<string, string>()
  for (const name of Object.keys(keys) as K[]) {
    const value: Option = options[name]
    if (value !== undefined) settings.set(keys[name], textOf(value))
  }
  return {
    env: process.env,
    now: Date.now,
    random: randomBytes,
    debug: () => undefined,
    ...surroundings,
    setting: (key) => settings.get(key),
  }
}

function textOf(value: Exclude<Option, undefined>): string {
  if (typeof value === 'number') return `${value}ms`
  return typeof value === 'object' ? value.join(',') : String(value)
}
