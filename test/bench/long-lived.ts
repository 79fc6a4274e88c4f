/**
 * What a handle keeps in memory of 2,000 places on real servers: `node test/bench/long-lived.ts [NAME] ...`. CI leaves it out: it takes minutes.
 * Exit 1 when the heap of one of them is not flat.
 */
import { openBackend } from '../../backends/index.ts'
import type { Context } from '../../src/backend/backend.ts'
import { faultOf, measureFlat } from '../conformance/lines-memory.ts'
import { sampleImage, sampleRun } from '../conformance/samples.ts'
import { stores } from './stores.ts'

// What the build fills in; the backends are loaded only below.
Object.assign(globalThis, { PROV_VERSION: 'bench' })
const only = process.argv.slice(2)
for (const { what, backend: name, set, env = {} } of await stores()) {
  if (only.length > 0 && !only.some((word) => what.includes(word))) continue
  const settings = new Map(set.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]))
  const context: Context = {
    setting: (key) => settings.get(key),
    env,
    now: Date.now,
    random: (size) => crypto.getRandomValues(new Uint8Array(size)),
    debug: () => undefined,
  }
  const backend = await openBackend(name, context)
  const image = sampleImage(`${settings.get('storage.oci.repository') ?? 'registry.example/acme'}/app`, 'flat')
  const rig = { run: sampleRun('flat', image), image, inProcess: 'writes' } as const
  for (const kind of backend.capabilities.kinds) {
    const grown = await measureFlat({ kind, rig, backend })
    const fault = faultOf(grown)
    if (fault !== undefined) process.exitCode = 1
    console.log(
      `${what.padEnd(30)} ${kind.padEnd(5)} ${String(Math.round(grown / 1024)).padStart(7)} KiB   ${fault ?? 'flat'}`,
    )
  }
  await backend.close()
}
process.exit()
