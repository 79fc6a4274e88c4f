/** The entries of the probe: they say that they are a probe, and their signing key is thrown away. */
import { generateKeyPairSync } from 'node:crypto'
import type { About } from '../backend/backend.ts'
import type { Format } from '../formats/format.ts'
import type { ImageRef, RunArtifact } from '../model/artifact.ts'
import type { Entry } from '../model/entry.ts'
import { SIMPLESIGNING_TYPE, STATEMENT_TYPE } from '../model/entry.ts'
import { signerOf } from '../signing/open-signer.ts'
import { signOnce } from '../signing/sign-once.ts'
import { trustOf } from '../trust/trusted-keys.ts'

/** Predicate type of the probe: no policy asks for it. */
export const PROBE_TYPE = 'urn:prov:doctor-probe'

const NOTE = 'written by prov doctor to see whether copies can be kept here; it vouches for nothing and may be deleted'

export interface Material {
  readonly about: About
  /** Three entries for the same slot whose payloads differ. */
  readonly entries: readonly [Entry, Entry, Entry]
}

export interface MaterialOptions {
  /** A real run: the probe is then a signature of one of its images, since the run's own slot may be in use. Absent: a run is made up. */
  readonly run?: RunArtifact | undefined
  /** Absent: an image that does not exist, in a repository that cannot exist. */
  readonly image?: ImageRef | undefined
  random(size: number): Uint8Array
}

/**
 * Entries about an artifact that does not exist, so that no other entry can share their slots.
 *
 * @example (await material({ random: randomBytes })).about.artifact.type // 'run'
 */
export async function material({ run, image: given, random }: MaterialOptions): Promise<Material> {
  const image = given ?? madeUpImage('prov-doctor.invalid/probe', random)
  const subjects = [{ name: image.repository, digest: { sha256: image.digest.slice('sha256:'.length) } }]
  const about: About =
    run === undefined
      ? { artifact: madeUpRun(random), kind: 'dsse', subjects }
      : { artifact: { type: 'image', image, run }, kind: 'raw', subjects }
  const signer = await signerOf(generateKeyPairSync('ed25519').privateKey)
  const sign = signOnce(async () => signer, trustOf(signer))
  const format = about.kind === 'dsse' ? DSSE : RAW
  const entry = (part: string) =>
    sign(format, about.kind === 'dsse' ? statement(subjects, part) : document(image, part))
  return { about, entries: [await entry('first'), await entry('second'), await entry('third')] }
}

/**
 * An image with a random digest, so that no other image shares its slots.
 *
 * @example madeUpImage('ghcr.io/acme/app', randomBytes).digest // 'sha256:…'
 */
export function madeUpImage(repository: string, random: (size: number) => Uint8Array): ImageRef {
  return { repository, digest: `sha256:${hex(random(32))}` }
}

type SigningFormat = Pick<Format, 'kind' | 'payloadType'>
const DSSE = { kind: 'dsse', payloadType: STATEMENT_TYPE } as const satisfies SigningFormat
const RAW = { kind: 'raw', payloadType: SIMPLESIGNING_TYPE } as const satisfies SigningFormat

function madeUpRun(random: (size: number) => Uint8Array): RunArtifact {
  const uid = hex(random(16)).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  const [namespace, name] = ['prov-doctor', `probe-${uid.slice(0, 8)}`]
  const object = { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata: { namespace, name, uid } }
  return { type: 'run', kind: 'TaskRun', namespace, name, uid, object, children: [] }
}

function statement(subject: About['subjects'], part: string): Uint8Array {
  const predicate = { note: NOTE, part }
  const json = { _type: 'https://in-toto.io/Statement/v1', subject, predicateType: PROBE_TYPE, predicate }
  return Buffer.from(JSON.stringify(json))
}

function document({ repository, digest }: ImageRef, part: string): Uint8Array {
  const identity = { 'docker-reference': repository }
  const critical = { identity, image: { 'docker-manifest-digest': digest }, type: 'cosign container image signature' }
  return Buffer.from(JSON.stringify({ critical, optional: { note: NOTE, part } }))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
