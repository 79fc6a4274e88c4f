// `npm test`: sets up what is missing, builds, and runs vitest, also from a fresh clone and when started by an older Node.js.
//   npm test                 everything
//   npm test -- test/backends/oci     some of it; arguments go to vitest
import { join } from 'node:path'
import { makeReady, run } from './ready.mjs'

const began = Date.now()
process.on('exit', () => console.log(`\nnpm test took ${Math.ceil((Date.now() - began) / 60_000)} min`))
if (process.argv.length === 2) {
  console.log(
    'Everything takes about half an hour on two cores with all servers; npm run test:quick takes under two minutes.',
  )
}
makeReady()
run('node', [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)])
