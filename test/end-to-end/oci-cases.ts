/** What can happen to the copies in a registry or an image layout directory. */
import { expect } from 'vitest'
import { prov } from '../support/cli.ts'
import {
  CERTIFICATE,
  CERTIFICATE_OF_ANOTHER,
  flipped,
  forget,
  garbage,
  otherText,
  SIGNATURE,
  withPayload,
  withSignature,
} from '../support/forge.ts'
import { imageKeyOf, runKeyOf, type Stage } from '../support/stage.ts'
import { forgeAnnotation, forgeBlob, layersIn, setLayers } from '../support/tags.ts'
import { type Case, PLACES } from './case.ts'

export const OCI_CASES: readonly Case[] = [
  {
    what: 'the .att tag, deleted',
    harm: (s) => s.tags.remove(s.att(s.a)),
    odd: { 'oci dsse': '+ absent' },
    exit: 5,
    heals: true,
  },
  {
    what: 'the .sig tag, deleted',
    harm: (s) => s.tags.remove(s.sig(s.a)),
    odd: { 'oci raw': '+ absent' },
    exit: 5,
    heals: true,
  },
  {
    what: 'every copy, deleted',
    harm: async (s) => {
      forget(s.a.file, runKeyOf(s.a), imageKeyOf(s.a))
      await s.tags.remove(s.att(s.a))
      await s.tags.remove(s.sig(s.a))
    },
    odd: Object.fromEntries(PLACES.map((place) => [place, '+ absent'])),
    exit: 5,
    finding: 'nothing_verified',
  },

  {
    what: 'the envelope, its payload altered',
    harm: (s) => forgeBlob(s.tags, s.att(s.a), withPayload),
    odd: { 'oci dsse': '# signature_invalid' },
    exit: 3,
    heals: true,
  },
  {
    what: 'the envelope, its signature altered',
    harm: (s) => forgeBlob(s.tags, s.att(s.a), withSignature),
    odd: { 'oci dsse': '# signature_invalid' },
    exit: 3,
    heals: true,
  },
  {
    what: 'the envelope, replaced by garbage',
    harm: (s) => forgeBlob(s.tags, s.att(s.a), garbage),
    odd: { 'oci dsse': '# copy_malformed' },
    exit: 3,
    heals: true,
  },
  {
    what: 'the simplesigning payload, altered',
    harm: (s) => forgeBlob(s.tags, s.sig(s.a), otherText),
    odd: { 'oci raw': '# signature_invalid' },
    exit: 3,
    heals: true,
  },
  {
    what: 'the signature annotation of the layer, altered',
    harm: async (s) => {
      const [layer] = await layersIn(s.tags, s.sig(s.a))
      const sig = flipped(Buffer.from(layer?.annotations?.[SIGNATURE] ?? '', 'base64'))
      await forgeAnnotation(s.tags, s.sig(s.a), SIGNATURE, sig.toString('base64'))
    },
    odd: { 'oci raw': '# signature_invalid' },
    exit: 3,
    heals: true,
  },
  {
    what: 'the signature annotation of the layer, no base64',
    harm: (s) => forgeAnnotation(s.tags, s.sig(s.a), SIGNATURE, 'not base64 at all'),
    odd: { 'oci raw': '# copy_malformed' },
    exit: 3,
    heals: true,
  },
  {
    what: 'the certificate annotation of the layer, altered',
    harm: (s) => forgeAnnotation(s.tags, s.sig(s.a), CERTIFICATE, 'no certificate'),
    odd: { 'oci raw': '# copy_malformed' },
    exit: 3,
    heals: true,
  },
  {
    what: "the certificate annotation of the envelope's layer, altered",
    harm: (s) => forgeAnnotation(s.tags, s.att(s.a), CERTIFICATE, 'no certificate'),
    odd: { 'oci dsse': '# copy_malformed' },
    exit: 3,
    heals: true,
  },

  {
    what: "the certificate annotation of the layer, somebody else's certificate",
    harm: (s) => forgeAnnotation(s.tags, s.sig(s.a), CERTIFICATE, CERTIFICATE_OF_ANOTHER),
    odd: { 'oci raw': '# copy_malformed' },
    exit: 3,
    heals: true,
  },
  {
    what: "two runs' tags, swapped",
    harm: async (s) => {
      for (const tag of [s.att, s.sig]) {
        const [ours, theirs] = [await s.tags.manifest(tag(s.a)), await s.tags.manifest(tag(s.b))]
        await s.tags.putManifest(tag(s.a), theirs ?? garbage())
        await s.tags.putManifest(tag(s.b), ours ?? garbage())
      }
    },
    odd: { 'oci dsse': '# wrong_artifact', 'oci raw': '# wrong_artifact' },
    exit: 3,
    heals: true,
  },

  {
    what: 'tags signed with a foreign key',
    harm: async (s) => {
      await s.tags.remove(s.att(s.a))
      await s.tags.remove(s.sig(s.a))
      await prov(['store', ...s.where, '--storage', 'oci', '--key', s.foreign.private, s.a.file])
    },
    odd: { 'oci dsse': '# key_untrusted', 'oci raw': '# signature_invalid' },
    exit: 3,
  },

  ...[false, true].map(
    (strict): Case => ({
      what: `another team's entries beside ours${strict ? ', --strict' : ''}`,
      harm: async (s) => {
        const other = await foreignLayers(s)
        for (const tag of [s.att(s.a), s.sig(s.a)]) {
          await setLayers(s.tags, tag, [...other(tag), ...(await layersIn(s.tags, tag))])
        }
      },
      strangers: ['oci dsse stranger key_untrusted', 'oci raw stranger signature_invalid'],
      exit: strict ? 3 : 0,
      args: strict ? ['--strict'] : [],
    }),
  ),
  ...[false, true].map(
    (strict): Case => ({
      what: `garbage layers beside ours${strict ? ', --strict' : ''}`,
      harm: async (s) => {
        for (const tag of [s.att(s.a), s.sig(s.a)]) {
          const digest = await s.tags.putBlob(garbage())
          const layers = await layersIn(s.tags, tag)
          const junk = { digest, size: garbage().length, mediaType: layers[0]?.mediaType ?? '' }
          const note = { ...junk, mediaType: 'text/plain' }
          await setLayers(s.tags, tag, [junk, ...layers, note])
        }
      },
      strangers: [
        'oci dsse stranger copy_malformed',
        'oci dsse stranger stranger',
        'oci raw stranger copy_malformed',
        'oci raw stranger stranger',
      ],
      exit: strict ? 3 : 0,
      args: strict ? ['--strict'] : [],
    }),
  ),
]

/** The layers that a store with the foreign key makes of the same run, by tag; their blobs are put into the stage's repository. */
async function foreignLayers(s: Stage): Promise<(tag: string) => Awaited<ReturnType<typeof layersIn>>> {
  const before = new Map<string, Buffer | undefined>()
  for (const tag of [s.att(s.a), s.sig(s.a)]) {
    before.set(tag, await s.tags.manifest(tag))
    await s.tags.remove(tag)
  }
  const { code, stdout, stderr } = await prov([
    'store',
    ...s.where,
    '--storage',
    'oci',
    '--key',
    s.foreign.private,
    s.a.file,
  ])
  expect(code, stdout + stderr).toBe(0)
  const layers = new Map<string, Awaited<ReturnType<typeof layersIn>>>()
  for (const [tag, bytes] of before) {
    layers.set(tag, await layersIn(s.tags, tag))
    if (bytes !== undefined) await s.tags.putManifest(tag, bytes)
  }
  return (tag) => layers.get(tag) ?? []
}
