/** A context as the core makes one, with settings and environment given by the test. */
import { randomBytes } from 'node:crypto'
import type { Context } from '../../../src/backend/backend.ts'

export interface TestContext extends Context {
  readonly lines: readonly string[]
}

/** @example testContext({ 'storage.oci.tag-writes': 'markers' }) */
export function testContext(
  settings: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): TestContext {
  const lines: string[] = []
  return {
    setting: (key) => settings[key],
    env,
    now: Date.now,
    random: (size) => randomBytes(size),
    debug: (line) => {
      lines.push(line)
    },
    lines,
  }
}
