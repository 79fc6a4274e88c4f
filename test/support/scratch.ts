import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A new empty folder, removed at the end of the whole test run.
 *
 * @example join(scratch(), 'run.yaml')
 */
export function scratch(): string {
  return mkdtempSync(join(process.env['PROV_TEST_SCRATCH'] ?? tmpdir(), 'scratch-'))
}
