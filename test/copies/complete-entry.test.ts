/** An entry that lies in a tag and in a bundle comes out whole, whichever of the two is read first. */
import { expect, it } from 'vitest'
import type { FoundEntry, Slot } from '../../src/backend/backend.ts'
import { completeEntry } from '../../src/copies/complete-entry.ts'
import type { Entry } from '../../src/model/entry.ts'
import {
  LEAF,
  oddlySpelled,
  ROOT,
  sampleImage,
  sampleRun,
  signed,
  simplesigning,
  statement,
} from '../conformance/samples.ts'

const { signal } = new AbortController()
const options = {
  signal,
  retry: { budget: { attempts: 1, totalMs: 0 }, signal, now: Date.now, sleep: async () => {}, random: Math.random },
}
const image = sampleImage('registry.example/acme/app', 'app')
const payload = statement(sampleRun('build-1', image), image)
const slot = (key: string): Slot => ({ backend: 'oci', key, kind: 'dsse', holds: 'many', address: {} })
const found = (location: string, entry: Entry): FoundEntry => ({ location, raw: entry.payload, entry })

/** What a bundle keeps: one signature, its leaf, and what came with it. */
function bundled({ envelope: _, ...entry }: Entry, nth = 0): Entry {
  const { chain: _chain, ...signature } = entry.signatures[nth] ?? { sig: new Uint8Array() }
  return { ...entry, signatures: [{ ...signature, keyHint: 'aGludA==' }] }
}

function sourceOf(places: Readonly<Record<string, readonly FoundEntry[]>>) {
  const asked: string[] = []
  const get = async ({ key }: Slot) => {
    asked.push(key)
    return places[key] ?? []
  }
  return { asked, get }
}

it('gives a bundle the envelope, byte for byte, and the chain of the tag, and keeps what only the bundle says', async () => {
  const whole = oddlySpelled(signed('dsse', payload, { certificate: LEAF, chain: ROOT }))
  const source = sourceOf({ tag: [found('tag', whole)] })
  const [item, ...others] = await completeEntry(
    [found('bundle', bundled(whole))],
    source,
    [slot('tag'), slot('more')],
    options,
  )
  expect(others).toEqual([])
  expect(item?.entry).toEqual({ ...whole, signatures: [{ ...whole.signatures[0], keyHint: 'aGludA==' }] })
  expect(source.asked).toEqual(['tag'])
})

it('makes one of the bundles of several signatures', async () => {
  const whole = signed('dsse', payload, { signatures: 2 })
  const bundles = [0, 1].map((nth) => found(`bundle ${nth}`, bundled(whole, nth)))
  const items = await completeEntry(bundles, sourceOf({ tag: [found('tag', whole)] }), [slot('tag')], options)
  expect(items.map(({ entry }) => entry.envelope)).toEqual([whole.envelope])
  expect(items[0]?.entry.signatures.map(({ sig }) => sig)).toEqual(whole.signatures.map(({ sig }) => sig))
})

it('takes nothing from an entry with other signatures, and asks nobody about one that is whole', async () => {
  const [mine, theirs] = [signed('dsse', payload), signed('dsse', payload)]
  const items = [found('bundle', bundled(mine))]
  expect(await completeEntry(items, sourceOf({ tag: [found('tag', theirs)] }), [slot('tag')], options)).toEqual(items)
  const source = sourceOf({})
  const whole = [found('tag', mine), found('sig', signed('raw', simplesigning(image)))]
  expect(await completeEntry(whole, source, [slot('other')], options)).toEqual(whole)
  expect(source.asked).toEqual([])
})
