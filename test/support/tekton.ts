/** What the tests open the backend with, and files for it to work on. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Context } from '../../src/backend/backend.ts'

export function testContext(settings: Readonly<Record<string, string>> = {}, lines?: string[]): Context {
  return {
    setting: (key) => settings[key],
    env: {},
    now: Date.now,
    random: (size) => randomBytes(size),
    debug: (line) => void lines?.push(line),
  }
}

/** A folder that is gone after the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'prov-tekton-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
