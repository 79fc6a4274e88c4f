// `npm run test:quick`: what can be tested without servers and without waiting, in under two minutes on two cores. What it leaves out is
// said at the end: suites that need servers or tools (each by its name) and the files below, which take long by what they are.
//   npm run test:quick -- test/keys     some of it; arguments go to vitest
import { join } from 'node:path'
import { env, makeReady, run } from './ready.mjs'

/** Files that kill processes, wait for limits, harm inputs by the thousand, or install what was packed. */
const LONG = [
  'test/bench',
  'test/ci',
  'test/cli/stop.test.ts',
  'test/conform',
  'test/conformance',
  'test/backends/docdb/sqlite.test.ts',
  'test/backends/docdb/sqlite-file.test.ts',
  'test/backends/docdb/writers.test.ts',
  'test/doctor/embedded.test.ts',
  'test/fuzz',
  'test/input/bad.test.ts',
  'test/input/fuzz.test.ts',
  'test/repair/drift.test.ts',
  'test/end-to-end',
  'test/kill',
  'test/migrate',
  'test/backends/objects',
  'test/package',
  'test/report/forms/browser.test.ts',
  'test/signing',
  'test/backends/tekton/crash.test.ts',
  'test/backends/tekton/processes.test.ts',
  'test/truth/sqlite.test.ts',
  'test/truth/commands.test.ts',
  'test/truth/killed-store.test.ts',
]

env.PROV_TEST_QUICK = '1'
const began = Date.now()
process.on('exit', (status) => {
  const seconds = Math.round((Date.now() - began) / 1000)
  console.log(`\ntest:quick took ${seconds} s and left out, besides the suites named above: ${LONG.join(', ')}`)
  if (status === 0) console.log('npm test runs everything')
})
makeReady()
const exclude = LONG.flatMap((path) => ['--exclude', path.endsWith('.ts') ? path : `${path}/**`])
run('node', [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...exclude, ...process.argv.slice(2)])
