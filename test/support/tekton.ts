/** Files for the tekton backend to work on. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder that is gone after the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'prov-tekton-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
