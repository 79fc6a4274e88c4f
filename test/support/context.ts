/** The context that a backend is opened with, with settings and environment given by the test. */
import { randomBytes } from 'node:crypto'
import type { Context } from '../../src/backend/backend.ts'

/**
 * @param lines collects what the backend says with --verbose; absent: nothing keeps it
 *
 * @example testContext({ 'storage.docdb.url': 'sqlite:prov.db' })
 */
export function testContext(
  settings: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
  lines?: string[],
): Context {
  return {
    setting: (key) => settings[key],
    env,
    now: Date.now,
    random: (size) => randomBytes(size),
    debug: (line) => void lines?.push(line),
  }
}
