/** The recordings of fixtures/sigstore: bundles that cosign 3.1.3 and @sigstore/sign 5.1.0 made with a Sigstore of one's own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { open as openDocdb } from '../../../backends/docdb/backend.ts'
import { readBundle } from '../../../backends/oci/bundles/read.ts'
import type { About } from '../../../src/backend/backend.ts'
import { imagesOf } from '../../../src/input/images.ts'
import { loadInputs } from '../../../src/input/load.ts'
import { type Entry, SIMPLESIGNING_TYPE } from '../../../src/model/entry.ts'
import { loadTrustOf, type TrustWish } from '../../../src/trust/load-trust.ts'
import type { Trust } from '../../../src/trust/trust.ts'
import { testContext } from '../../support/context.ts'
import { aboutRun } from '../../support/makers.ts'

export const FOLDER = join(import.meta.dirname, '../../../fixtures/sigstore')
export const ROOT_FILE = join(FOLDER, 'trusted_root.json')
/** The run that the recordings are about. */
export const RUN = join(FOLDER, 'run.json')
export const DEV = { identity: 'dev@example.com', issuer: 'http://127.0.0.1:5640' }

export type Recording = 'cosign' | 'second-signer' | 'sigstore-js' | 'key' | 'p384'

export function recorded(name: Recording): Entry {
  return readBundle(readFileSync(join(FOLDER, `${name}.bundle.json`)))
}

/** The signature of the run's image: a bundle over a message, of which prov itself makes no entry. */
export function recordedImage(name: 'cosign' | 'key'): Entry {
  const json = JSON.parse(readFileSync(join(FOLDER, `${name}-image.bundle.json`), 'utf8')) as {
    messageSignature: { signature: string }
  }
  const envelope = {
    payload: 'e30=',
    payloadType: SIMPLESIGNING_TYPE,
    signatures: [{ sig: json.messageSignature.signature }],
  }
  const { messageSignature: _, ...rest } = json
  const like = readBundle(Buffer.from(JSON.stringify({ ...rest, dsseEnvelope: envelope })))
  return {
    ...like,
    kind: 'raw',
    payloadType: SIMPLESIGNING_TYPE,
    payload: readFileSync(join(FOLDER, 'simplesigning.json')),
  }
}

/** That Sigstore has no certificate log. */
export function trustIn(wish: Partial<TrustWish> = {}): Promise<Trust> {
  const world = { env: {}, now: Date.now }
  return loadTrustOf({ keys: [], ...DEV, trustedRoot: ROOT_FILE, scts: 0, ...wish }, world)
}

const { signal } = new AbortController()

/** Puts the run's provenance and its image's signature into a SQLite file, from where the commands take them. */
export async function placed(name: Recording, file: string): Promise<void> {
  const backend = openDocdb(testContext({ 'storage.docdb.url': `sqlite:${file}` }))
  const [run] = (await loadInputs([RUN])).runs
  const [image] = run === undefined ? [] : imagesOf(run).images
  if (run === undefined || image === undefined) throw new Error('the input holds no run with an image')
  const about = aboutRun(run)
  const signature: About = { artifact: image, kind: 'raw', subjects: about.subjects, role: 'signature' }
  const stored = [
    [about, recorded(name)],
    [signature, recordedImage(name === 'key' ? 'key' : 'cosign')],
  ] as const
  for (const [what, entry] of stored) {
    for (const slot of backend.slots(what)) await backend.put(slot, entry, { signal })
  }
  await backend.close()
}
