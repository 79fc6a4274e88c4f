// `npm test`: sets up what is missing, builds, and runs vitest, also from a fresh clone and when started by an older Node.js.
//   npm test                 everything
//   npm test -- test/backends/oci     some of it; arguments go to vitest
import { join } from 'node:path'
import { makeReady, run } from './ready.mjs'

makeReady()
run('node', [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)])
