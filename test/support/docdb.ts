/** What the tests open the backend with. */
import { randomBytes } from 'node:crypto'
import type { Context } from '../../src/backend/backend.ts'

/** @example testContext({ 'storage.docdb.url': 'sqlite:prov.db' }) */
export function testContext(
  settings: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Context {
  return { setting: (key) => settings[key], env, now: Date.now, random: (size) => randomBytes(size), debug: () => {} }
}
