/** Small real things for the core's tests: runs, signed entries, slots. Keys are made at each run. */

import { createHash, generateKeyPairSync } from 'node:crypto'
import type { About, Found, Slot } from '../../src/backend/backend.ts'
import { judge } from '../../src/copies/judge-slot.ts'
import type { Reading } from '../../src/copies/read-copies.ts'
import { formatNamed } from '../../src/formats/index.ts'
import type { ImageArtifact, RunArtifact } from '../../src/model/artifact.ts'
import type { Entry } from '../../src/model/entry.ts'
import { encodeEnvelope, signedBytes } from '../../src/model/envelope.ts'
import type { RetryOptions } from '../../src/platform/async/retry.ts'
import { signerOf } from '../../src/signing/open-signer.ts'
import type { KeySigner, Signer } from '../../src/signing/signer.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'
import { checksUnder } from '../../src/trust/verify-entry.ts'

export const FORMAT_OPTIONS = {
  builderId: 'https://tekton.dev/chains/v2',
  buildType: 'https://tekton.dev/chains/v2/slsa',
  deepInspection: false,
}

export async function signer(): Promise<KeySigner> {
  return signerOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey)
}

export function hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A finished TaskRun that built one image. */
export function taskRun(
  name: string,
  more: { readonly image?: string; readonly labels?: object; readonly start?: string } = {},
): RunArtifact {
  const uid = `00000000-0000-4000-8000-${hex(name).slice(0, 12)}`
  const results = [
    { name: 'IMAGE_URL', type: 'string', value: `registry.example/${more.image ?? name}` },
    { name: 'IMAGE_DIGEST', type: 'string', value: `sha256:${hex(more.image ?? name)}` },
  ]
  const object = {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name, namespace: 'ci', uid, labels: more.labels ?? { team: 'a' } },
    spec: { params: [{ name: 'revision', value: name }] },
    status: {
      startTime: more.start ?? '2026-11-18T09:12:04Z',
      completionTime: '2026-11-18T09:13:41Z',
      conditions: [{ type: 'Succeeded', status: 'True' }],
      results,
      steps: [],
      taskSpec: { params: [{ name: 'revision' }], steps: [] },
    },
  }
  return { type: 'run', kind: 'TaskRun', namespace: 'ci', name, uid, object, children: [] }
}

export function aboutRun(run: RunArtifact): About {
  return { artifact: run, kind: 'dsse', subjects: formatNamed('slsa/v1').subjects(run, FORMAT_OPTIONS) }
}

export function imageOf(run: RunArtifact, image = run.name): ImageArtifact {
  return { type: 'image', image: { repository: `registry.example/${image}`, digest: `sha256:${hex(image)}` }, run }
}

export function aboutImage(artifact: ImageArtifact): About {
  const { repository, digest } = artifact.image
  return { artifact, kind: 'raw', subjects: [{ name: repository, digest: { sha256: digest.slice(7) } }] }
}

export async function attest(run: RunArtifact, by: KeySigner, payload?: Uint8Array): Promise<Entry> {
  const format = formatNamed('slsa/v1')
  const unsigned = {
    kind: format.kind,
    payloadType: format.payloadType,
    payload: payload ?? format.payload(run, FORMAT_OPTIONS),
    signatures: [],
  }
  const entry: Entry = {
    ...unsigned,
    signatures: [{ sig: (await by.sign(signedBytes(unsigned))).sig, keyid: by.keyid }],
  }
  return { ...entry, envelope: encodeEnvelope(entry) }
}

export async function signImage(artifact: ImageArtifact, by: Signer): Promise<Entry> {
  const format = formatNamed('simplesigning')
  const payload = format.payload(artifact, FORMAT_OPTIONS)
  return { kind: 'raw', payloadType: format.payloadType, payload, signatures: [{ sig: (await by.sign(payload)).sig }] }
}

export function item(entry: Entry, location = 'here'): Found {
  return { location, raw: entry.envelope ?? entry.payload, entry }
}

export function slot(backend: string, holds: Slot['holds'], kind: Slot['kind'] = 'dsse'): Slot {
  return { backend, key: `${backend}-slot`, kind, holds, address: {} }
}

/** What `lookFor` would give for a slot that holds these items. */
export function reading(
  about: About,
  backend: string,
  holds: Slot['holds'],
  items: readonly Found[],
  trust: Trust,
): Reading {
  const place = slot(backend, holds, about.kind)
  return { backend, slot: place, judged: judge(about, place, items, checksUnder(trust)) }
}

export { trustOf }

/** Tries again that many times, without a pause, on a clock that stands still. @example retrying(3, signal) */
export function retrying(attempts: number, signal: AbortSignal): RetryOptions {
  return {
    budget: { attempts, totalMs: 1000 },
    signal,
    now: () => 0,
    sleep: async () => undefined,
    random: () => 0,
  }
}
