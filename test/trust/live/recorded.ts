/** The recordings of fixtures/sigstore: bundles that cosign 3.1.3 and @sigstore/sign 5.1.0 made with a Sigstore of one's own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBundle } from '../../../backends/oci/bundles/read.ts'
import type { Entry } from '../../../src/model/entry.ts'
import { loadTrustOf, type TrustWish } from '../../../src/trust/load-trust.ts'
import type { Trust } from '../../../src/trust/trust.ts'

export const FOLDER = join(import.meta.dirname, '../../../fixtures/sigstore')
export const ROOT_FILE = join(FOLDER, 'trusted_root.json')
export const DEV = { identity: 'dev@example.com', issuer: 'http://127.0.0.1:5640' }

export type Recording = 'cosign' | 'second-signer' | 'sigstore-js' | 'key'

export function recorded(name: Recording): Entry {
  return readBundle(readFileSync(join(FOLDER, `${name}.bundle.json`)))
}

/** That Sigstore has no certificate log. */
export function trustIn(wish: Partial<TrustWish> = {}): Promise<Trust> {
  const world = { env: {}, now: Date.now }
  return loadTrustOf({ keys: [], ...DEV, trustedRoot: ROOT_FILE, scts: 0, ...wish }, world)
}
