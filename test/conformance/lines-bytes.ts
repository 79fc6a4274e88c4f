/** What goes in comes out. */

import type { Entry } from '../../src/model/entry.ts'
import { calm, entries, expectSame } from './checks.ts'
import { expect } from './expect.ts'
import { oddlySpelled, sampleEntry, signed, simplesigning, statement } from './samples.ts'
import type { LineTests, Scene } from './scene.ts'

export const byteLines: LineTests = {
  bytes: async (scene) => {
    const entry = plain(scene)
    expectSame(await roundTrip(scene, entry), entry)
  },
  spelling: async (scene) => {
    const { run, image } = scene.rig
    const payload =
      scene.kind === 'dsse'
        ? statement(run, image, { spaced: true })
        : Buffer.from(Buffer.from(simplesigning(image)).toString().replaceAll(',"', ', "'))
    const entry = signed(scene.kind, payload)
    expectSame(await roundTrip(scene, entry), entry)
  },
  nonAscii: async (scene) => {
    const entry = sampleEntry(scene.kind, scene.rig.run, scene.rig.image, 'Größe 漢字 \u{1f511} \u0000 </script>')
    expectSame(await roundTrip(scene, entry), entry)
  },
  plainKey: async (scene) => {
    const entry = plain(scene)
    const found = await roundTrip(scene, entry)
    expect(found.signatures[0]?.certificate).toBeUndefined()
    expect(found.signatures[0]?.chain).toBeUndefined()
    expect(found.signatures[0]?.logProof).toBeUndefined()
    expect(found.signatures[0]?.keyid).toBe(entry.signatures[0]?.keyid)
  },
  severalSignatures: async (scene) => {
    const entry = sampleEntry(scene.kind, scene.rig.run, scene.rig.image, 's', { signatures: 3 })
    expectSame(await roundTrip(scene, entry), entry)
  },
  envelope: async (scene) => {
    expect(scene.backend.capabilities.keepsEnvelope).toBe(true)
    if (scene.kind === 'raw') {
      expect((await roundTrip(scene, plain(scene))).envelope).toBeUndefined()
      return
    }
    const entry = oddlySpelled(plain(scene))
    const found = await roundTrip(scene, entry)
    expect(Buffer.from(found.envelope ?? []).toString()).toBe(Buffer.from(entry.envelope ?? []).toString())
  },
}

function plain(scene: Scene): Entry {
  return sampleEntry(scene.kind, scene.rig.run, scene.rig.image)
}

/** Puts, and reads back through another handle. */
async function roundTrip(scene: Scene, entry: Entry): Promise<Entry> {
  const receipt = await scene.backend.put(scene.slot, entry, calm())
  expect(receipt.outcome).toBe('written')
  const all = await entries(await scene.another(), scene.slot)
  expect(all).toHaveLength(1)
  const [found] = all
  if (found === undefined) throw new Error('nothing came back')
  return found
}
