/** Stores in memory with places of their own for runs, images and Statements, whose contents can be swapped as a forger would. */
import { openObjects } from '../../backends/objects/backend.ts'
import type { About, Backend } from '../../src/backend/backend.ts'
import { formatNamed } from '../../src/formats/index.ts'
import type { ImageArtifact, RunArtifact } from '../../src/model/artifact.ts'
import type { Entry } from '../../src/model/entry.ts'
import { encodeEnvelope, signedBytes } from '../../src/model/envelope.ts'
import { parseStatement } from '../../src/model/statement.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import { aboutImage, aboutRun, FORMAT_OPTIONS, hex, signImage } from '../support/makers.ts'
import { memoryObjects, type Shared, shared } from '../support/memory-objects.ts'

/** Numbers from 0 to `below`, the same at each run (mulberry32). */
export function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

export interface Store {
  readonly backend: Backend
  readonly objects: Shared
}

export function storeNamed(name: string): Store {
  const objects = shared()
  let nonce = 0
  const context = {
    setting: () => undefined,
    env: {},
    now: Date.now,
    random: (size: number) => Buffer.alloc(size, String(++nonce).padStart(size, '0')),
    debug: () => undefined,
  }
  const home = () => ({ root: `mem://${name}/`, connect: async () => memoryObjects(objects) })
  return { backend: openObjects(context, { name, sharedWrites: 'precondition', home, patienceMs: 50 }), objects }
}

/** A task of one PipelineRun: all start and end in the same seconds, and some have the same results. */
export function sibling(n: number, more: { readonly isLabelled: boolean; readonly hasImage: boolean }): RunArtifact {
  const name = `p-task-${n}`
  const uid = `00000000-0000-4000-8000-${hex(name).slice(0, 12)}`
  const labels = more.isLabelled
    ? { 'tekton.dev/pipelineRun': 'p', 'tekton.dev/pipelineTask': `task-${n}` }
    : { a: 'b' }
  const results = [
    { name: 'IMAGE_URL', type: 'string', value: 'registry.example/app' },
    { name: 'IMAGE_DIGEST', type: 'string', value: `sha256:${hex('app')}` },
  ]
  const imageID = `docker.io/library/alpine@sha256:${hex('alpine')}`
  const object = {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name, namespace: 'ci', uid, labels },
    spec: { params: [], taskRef: { name: `task-${n}`, kind: 'Task' } },
    status: {
      startTime: '2026-11-18T09:12:04Z',
      completionTime: '2026-11-18T09:13:41Z',
      conditions: [{ type: 'Succeeded', status: 'True' }],
      results: more.hasImage ? results : [],
      steps: [{ name: 's', container: 'step-s', imageID }],
      taskSpec: { steps: [{ name: 's', image: 'alpine', script: `do ${n}` }] },
    },
  }
  return { type: 'run', kind: 'TaskRun', namespace: 'ci', name, uid, object, children: [] }
}

async function signed(payload: Uint8Array, by: KeySigner): Promise<Entry> {
  const unsigned = { kind: 'dsse' as const, payloadType: 'application/vnd.in-toto+json', payload, signatures: [] }
  const entry = { ...unsigned, signatures: [{ sig: (await by.sign(signedBytes(unsigned))).sig, keyid: by.keyid }] }
  return { ...entry, envelope: encodeEnvelope(entry) }
}

export interface Thing {
  readonly what: 'run' | 'image' | 'statement'
  readonly about: About
  readonly entry: Entry
  /** Of a run: its provenance in another format, which lies nowhere. */
  readonly other?: Entry
}

export async function runThing(run: RunArtifact, format: string, by: KeySigner): Promise<Thing> {
  const other = format === 'slsa/v1' ? 'slsa/v2alpha4' : 'slsa/v1'
  const made = (name: string) => signed(formatNamed(name).payload(run, FORMAT_OPTIONS), by)
  return { what: 'run', about: aboutRun(run), entry: await made(format), other: await made(other) }
}

export async function imageThing(run: RunArtifact, name: string, by: KeySigner): Promise<Thing> {
  const image: ImageArtifact = {
    type: 'image',
    image: { repository: `registry.example/${name}`, digest: `sha256:${hex(name)}` },
    run,
  }
  return { what: 'image', about: aboutImage(image), entry: await signImage(image, by) }
}

/** Everything that a key holder may have said about the image, signed by the same key. */
export async function statementThing(predicateType: string, n: number, by: KeySigner): Promise<Thing> {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'registry.example/app', digest: { sha256: hex('app') } }],
    predicateType,
    predicate: { n },
  }
  const payload = Buffer.from(JSON.stringify(statement))
  const artifact = parseStatement(`${n}.json`, payload)
  const about: About = { artifact, kind: 'dsse', subjects: artifact.subjects }
  return { what: 'statement', about, entry: await signed(payload, by) }
}
