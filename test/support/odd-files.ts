/** What may stand in the place of a file of a store, and is never read. */
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'

export type OddFile = readonly [code: 'not_regular_file' | 'symbolic_link', put: (path: string) => void]

/** Name → the code that says so, and what puts it there. */
export const ODD_FILES: Readonly<Record<string, OddFile>> = {
  'a pipe': ['not_regular_file', (path) => void execFileSync('mkfifo', [path])],
  'a link to a device': ['symbolic_link', (path) => symlinkSync('/dev/zero', path)],
  'a link to nothing': ['symbolic_link', (path) => symlinkSync('/nonexistent', path)],
  'a link to itself': ['symbolic_link', (path) => symlinkSync(path, path)],
}
