/** Any number of signed entries, made fast: attestations that name their run, and image signatures, in turn. */
import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { placeOf, subjectDigests } from '../../backends/docdb/address.ts'
import { open } from '../../backends/docdb/backend.ts'
import { documentOf } from '../../backends/docdb/layout.ts'
import type { About } from '../../src/backend/backend.ts'
import { type Entry, SIMPLESIGNING_TYPE, STATEMENT_TYPE } from '../../src/model/entry.ts'
import { encodeEnvelope, signedBytes } from '../../src/model/envelope.ts'
import { testContext } from './context.ts'

const REPOSITORY = 'registry.example/acme/app'
const BUILDER = 'https://tekton.dev/chains/v2'

export interface Made {
  readonly about: About
  readonly entry: Entry
}

/**
 * The `i`-th entry; even ones are attestations, odd ones sign the image of the one before.
 *
 * @example madeEntry(0, createPrivateKey(readFileSync(key.private))).entry.kind // 'dsse'
 */
export function madeEntry(i: number, key: KeyObject): Made {
  const n = i >> 1
  const image = { repository: REPOSITORY, digest: `sha256:${sha256(`image ${n}`)}` }
  const subjects = [{ name: image.repository, digest: { sha256: image.digest.slice('sha256:'.length) } }]
  const signed = (entry: Omit<Entry, 'signatures'>): Entry => {
    const sig = new Uint8Array(sign('sha256', signedBytes(entry), key))
    const whole = { ...entry, signatures: [{ sig, ...(entry.kind === 'dsse' ? { keyid: 'SHA256:made' } : {}) }] }
    return entry.kind === 'dsse' ? { ...whole, envelope: encodeEnvelope(whole) } : whole
  }
  if (i % 2 === 1) {
    const critical = {
      identity: { 'docker-reference': image.repository },
      image: { 'docker-manifest-digest': image.digest },
      type: 'cosign container image signature',
    }
    const payload = Buffer.from(JSON.stringify({ critical, optional: null }))
    const entry = signed({ kind: 'raw', payloadType: SIMPLESIGNING_TYPE, payload })
    return { about: { artifact: { type: 'image', image }, kind: 'raw', subjects }, entry }
  }
  const uid = `${sha256(`run ${n}`).slice(0, 8)}-0000-4000-8000-${String(n).padStart(12, '0')}`
  const payload = Buffer.from(JSON.stringify(statementOf(uid, subjects)))
  const artifact = { type: 'run', kind: 'TaskRun', uid, namespace: '', name: '', object: {}, children: [] } as const
  const entry = signed({ kind: 'dsse', payloadType: STATEMENT_TYPE, payload })
  return { about: { artifact, kind: 'dsse', subjects }, entry }
}

/** SLSA v1.0 as Tekton Chains writes it, of a common size. */
function statementOf(uid: string, subject: About['subjects']): object {
  const step = { image: `docker.io/library/bash@sha256:${sha256('bash')}`, arguments: ['-c', 'make', 'image'] }
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://tekton.dev/chains/v2/slsa',
        externalParameters: { runSpec: { taskRef: { name: 'build', kind: 'Task' }, serviceAccountName: 'builder' } },
        internalParameters: { labels: { 'tekton.dev/task': 'build' }, annotations: { 'acme.example/ticket': uid } },
        resolvedDependencies: Array.from({ length: 4 }, (_, i) => ({
          uri: `oci://docker.io/library/step-${i}`,
          digest: { sha256: sha256(`step ${i}`) },
        })),
      },
      runDetails: {
        builder: { id: BUILDER },
        metadata: { invocationId: uid, startedOn: '2026-11-18T09:12:04Z', finishedOn: '2026-11-18T09:13:41Z' },
        byproducts: [
          { name: 'taskRunResults/STEPS', mediaType: 'application/json', content: btoa(JSON.stringify(step)) },
        ],
      },
    },
  }
}

/**
 * Puts entries `from` … `to` into an SQLite file, the first one by prov, which makes the tables, the others in one go.
 *
 * @example await fillSqlite('prov.db', 'key.pem', 1000)
 */
export async function fillSqlite(file: string, privateKey: string, count: number): Promise<void> {
  const key = createPrivateKey(readFileSync(privateKey))
  const backend = open(testContext({ 'storage.docdb.url': `sqlite:${file}` }))
  const { about, entry } = madeEntry(0, key)
  for (const slot of backend.slots(about)) await backend.put(slot, entry, { signal: new AbortController().signal })
  await backend.close()
  const db = new DatabaseSync(file)
  db.exec('PRAGMA synchronous = OFF; BEGIN')
  const row = db.prepare(
    'INSERT INTO documents (Name, Signed, Signature, Cert, Chain, Object, Run) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const subject = db.prepare('INSERT INTO subjects (Digest, Name) VALUES (?, ?)')
  for (let i = 1; i < count; i++) {
    const made = madeEntry(i, key)
    const {
      Name,
      Signed,
      Signature,
      Cert,
      Chain,
      Object: object,
    } = documentOf(made.entry, placeOf(made.about)?.key ?? '')
    const run = made.about.artifact.type === 'run' ? made.about.artifact.uid : null
    row.run(Name, Signed, Signature, Cert, Chain, JSON.stringify(object), run)
    for (const digest of subjectDigests(Signed)) subject.run(digest, Name)
  }
  db.exec('COMMIT')
  db.close()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
