/** What can happen to the copies in a run's annotations, and what verify demands; nothing here depends on the registry. */
import { expect } from 'vitest'
import { prov } from '../support/cli.ts'
import {
  CERTIFICATE_OF_ANOTHER,
  flipped,
  forget,
  garbage,
  otherText,
  withPayload,
  withSignature,
} from '../support/forge.ts'
import { annotation, editRun, forgeRunAnnotation, imageKeyOf, runKeyOf } from '../support/stage.ts'
import { forgeBlob } from '../support/tags.ts'
import { type Case, PLACES } from './case.ts'

export const TEKTON_CASES: readonly Case[] = [
  { what: 'nothing', harm: () => undefined, exit: 0 },

  {
    what: 'the annotations of the run, deleted',
    harm: (s) => forget(s.a.file, runKeyOf(s.a)),
    odd: { 'tekton dsse': '+ absent' },
    exit: 5,
    heals: true,
  },
  {
    what: "the annotations of the image's signature, deleted",
    harm: (s) => forget(s.a.file, imageKeyOf(s.a)),
    odd: { 'tekton raw': '+ absent' },
    exit: 5,
    heals: true,
  },
  {
    what: "the run's payload annotation, altered",
    harm: (s) =>
      forgeRunAnnotation(s.a, annotation('payload', runKeyOf(s.a)), (b) =>
        Buffer.from(b.toString().replace('ruby', 'evil')),
      ),
    odd: { 'tekton dsse': '# payload_mismatch' },
    exit: 3,
    heals: true,
  },
  {
    what: "the run's envelope, its signature altered",
    harm: (s) => forgeRunAnnotation(s.a, annotation('signature', runKeyOf(s.a)), withSignature),
    odd: { 'tekton dsse': '# signature_invalid' },
    exit: 3,
    heals: true,
  },
  {
    what: "the run's envelope and payload, altered alike",
    harm: (s) => {
      forgeRunAnnotation(s.a, annotation('payload', runKeyOf(s.a)), (b) =>
        Buffer.from(b.toString().replace('ruby-bundler', 'evil-bundler')),
      )
      forgeRunAnnotation(s.a, annotation('signature', runKeyOf(s.a)), withPayload)
    },
    odd: { 'tekton dsse': '# signature_invalid' },
    exit: 3,
    heals: true,
  },
  {
    what: "the run's payload annotation, deleted alone",
    harm: (s) =>
      editRun(s.a.file, ({ metadata: { annotations } }) => delete annotations[annotation('payload', runKeyOf(s.a))]),
    odd: { 'tekton dsse': '# copy_malformed' },
    exit: 3,
    heals: true,
  },
  {
    what: "the run's certificate annotation, altered",
    harm: (s) => forgeRunAnnotation(s.a, annotation('cert', runKeyOf(s.a)), garbage),
    odd: { 'tekton dsse': '# copy_malformed' },
    exit: 3,
    heals: true,
  },
  {
    what: "the image's payload annotation, altered",
    harm: (s) => forgeRunAnnotation(s.a, annotation('payload', imageKeyOf(s.a)), otherText),
    odd: { 'tekton raw': '# signature_invalid' },
    exit: 3,
    heals: true,
  },
  {
    what: "the image's signature annotation, altered",
    harm: (s) => forgeRunAnnotation(s.a, annotation('signature', imageKeyOf(s.a)), flipped),
    odd: { 'tekton raw': '# signature_invalid' },
    exit: 3,
    heals: true,
  },
  {
    what: "the image's signature annotation, cut short",
    harm: (s) =>
      editRun(s.a.file, ({ metadata: { annotations } }) => {
        const name = annotation('signature', imageKeyOf(s.a))
        annotations[name] = (annotations[name] ?? '').slice(0, -3)
      }),
    odd: { 'tekton raw': '# copy_malformed' },
    exit: 3,
    heals: true,
  },

  {
    what: "the run's certificate annotation, somebody else's certificate",
    harm: (s) => forgeRunAnnotation(s.a, annotation('cert', runKeyOf(s.a)), () => Buffer.from(CERTIFICATE_OF_ANOTHER)),
    odd: { 'tekton dsse': '# copy_malformed' },
    exit: 3,
    heals: true,
  },
  {
    what: "two runs' annotations, swapped",
    harm: (s) => {
      editRun(s.b.file, ({ metadata: { annotations: theirs } }) =>
        editRun(s.a.file, ({ metadata: { annotations: ours } }) => {
          for (const part of ['payload', 'signature'] as const) {
            ours[annotation(part, runKeyOf(s.a))] = theirs[annotation(part, runKeyOf(s.b))] ?? ''
            ours[annotation(part, imageKeyOf(s.a))] = theirs[annotation(part, imageKeyOf(s.b))] ?? ''
          }
        }),
      )
    },
    odd: { 'tekton dsse': '# wrong_artifact', 'tekton raw': '# wrong_artifact' },
    exit: 3,
    heals: true,
  },
  {
    what: 'annotations signed with a foreign key',
    harm: async (s) => {
      forget(s.a.file, runKeyOf(s.a), imageKeyOf(s.a))
      await prov(['store', '--storage', 'tekton', '--key', s.foreign.private, s.a.file])
    },
    odd: { 'tekton dsse': '# key_untrusted', 'tekton raw': '# signature_invalid' },
    exit: 3,
  },
]

/** What is asked for decides, and the gravest finding wins. */
export const DEMAND_CASES: readonly Case[] = [
  {
    what: 'a copy that is optional, deleted',
    harm: (s) => s.tags.remove(s.att(s.a)),
    odd: { 'oci dsse': '+ absent' },
    exit: 0,
    args: ['--optional', 'oci'],
  },
  {
    what: 'a copy, deleted, one being enough',
    harm: (s) => s.tags.remove(s.att(s.a)),
    odd: { 'oci dsse': '+ absent' },
    exit: 0,
    args: ['--require', '1'],
  },
  {
    what: 'a copy, deleted, two being wanted',
    harm: (s) => s.tags.remove(s.att(s.a)),
    odd: { 'oci dsse': '+ absent' },
    exit: 5,
    args: ['--require', '2'],
  },
  {
    what: 'nothing, but three being wanted of two',
    harm: () => undefined,
    exit: 5,
    args: ['--require', '3'],
    finding: 'absent',
  },
  {
    what: 'a copy that is optional, forged',
    harm: (s) => forgeBlob(s.tags, s.att(s.a), withSignature),
    odd: { 'oci dsse': '# signature_invalid' },
    exit: 3,
    args: ['--optional', 'oci', '--require', '1'],
  },
  {
    what: 'everything, optional and deleted',
    harm: async (s) => {
      forget(s.a.file, runKeyOf(s.a), imageKeyOf(s.a))
      await s.tags.remove(s.att(s.a))
      await s.tags.remove(s.sig(s.a))
    },
    odd: Object.fromEntries(PLACES.map((place) => [place, '+ absent'])),
    exit: 5,
    args: ['--optional', 'tekton,oci'],
    finding: 'nothing_verified',
  },

  {
    what: 'the same payloads, one copy of each under another key that is believed',
    harm: async (s) => {
      forget(s.a.file, runKeyOf(s.a), imageKeyOf(s.a))
      await prov(['store', '--storage', 'tekton', '--key', s.foreign.private, s.a.file])
    },
    odd: { 'oci dsse': '~', 'oci raw': '~' },
    exit: 0,
    args: (s) => ['--key', s.foreign.public],
  },
  {
    what: 'one copy of another meaning: the run was relabelled and signed again in one store',
    harm: async (s) => {
      editRun(s.a.file, ({ metadata: { labels } }) => Object.assign(labels, { team: 'blue' }))
      const { code, stdout, stderr } = await s.store(['--storage', 'tekton', '--resign'])
      expect(code, stdout + stderr).toBe(0)
    },
    odd: { 'tekton dsse': '* drift', 'oci dsse': '* drift' },
    exit: 4,
  },

  // mixed: the gravest wins
  {
    what: 'one copy deleted and one forged',
    harm: async (s) => {
      await s.tags.remove(s.sig(s.a))
      await forgeBlob(s.tags, s.att(s.a), withSignature)
    },
    odd: { 'oci dsse': '# signature_invalid', 'oci raw': '+ absent' },
    exit: 3,
    heals: true,
  },
  {
    what: 'one copy drifting and one deleted',
    harm: async (s) => {
      editRun(s.a.file, ({ metadata: { labels } }) => Object.assign(labels, { team: 'blue' }))
      await s.store(['--storage', 'tekton', '--resign'])
      await s.tags.remove(s.sig(s.a))
    },
    odd: { 'tekton dsse': '* drift', 'oci dsse': '* drift', 'oci raw': '+ absent' },
    exit: 4,
  },
]
