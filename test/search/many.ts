/** Many entries in a truth, quickly: of several keys, builders and a certificate, each owed to the index; and a worker for them. */
import { execFileSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runLane } from '../../src/delivery/lane.ts'
import { formatNamed } from '../../src/formats/index.ts'
import type { IndexStore } from '../../src/search/index-store.ts'
import { signerOf } from '../../src/signing/open-signer.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import { keyNames } from '../../src/trust/key-names.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { trustIn } from '../../src/trust/trusted-keys.ts'
import { checkEntry } from '../../src/trust/verify-entry.ts'
import { indexDelivery } from '../../src/truth/index-delivery.ts'
import { INDEX } from '../../src/truth/term-pages.ts'
import type { NewItem, Truth } from '../../src/truth/truth.ts'
import { attest, FORMAT_OPTIONS, signer } from '../support/makers.ts'
import { scratch } from '../support/scratch.ts'
import { committed, HOST, makeRun, runItem } from '../truth/made.ts'

export const IDENTITY = 'Dev@Example.COM'

interface Maker {
  readonly by: KeySigner
  readonly certificate?: string
}

export interface Many {
  readonly trust: Trust
  /** An entry that nobody has made before, owed to the index. */
  next(): Promise<NewItem>
  /** Commits so many. */
  commit(truth: Truth, entries: number): Promise<void>
}

export async function many(): Promise<Many> {
  const makers: readonly Maker[] = [{ by: await signer() }, { by: await signer() }, await certifiedSigner()]
  const trusts = trustIn(makers.map(({ by }) => ({ publicKey: by.publicKey, source: 'a test' })))
  let n = 0
  const next = async (): Promise<NewItem> => {
    const at = n++
    const { by, certificate } = makers[at % makers.length] as Maker
    const run = makeRun(`run-${at}`)
    const options = { ...FORMAT_OPTIONS, builderId: `https://builder-${at % 7}.example/Chains` }
    const made = await runItem(run, [], {}, by)
    const payload = formatNamed('slsa/v1').payload(run, options)
    const signed = await attest(run, by, payload)
    const [first] = signed.signatures
    const entry =
      certificate === undefined || first === undefined ? signed : { ...signed, signatures: [{ ...first, certificate }] }
    const keyids = keyNames(checkEntry(entry, trusts).verified)
    return { ...made, entry, keyids, deliveries: [indexDelivery(entry, false)] }
  }
  return {
    trust: trusts,
    next,
    commit: async (truth, entries) => {
      for (let left = entries; left > 0; left -= 50) {
        await committed(truth, ...(await Promise.all(Array.from({ length: Math.min(50, left) }, next))))
      }
    },
  }
}

async function certifiedSigner(): Promise<Maker> {
  const folder = scratch()
  const [key, leaf] = [join(folder, 'key.pem'), join(folder, 'leaf.pem')]
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '365', '-subj', '/CN=dev']
  const san = ['-addext', `subjectAltName=email:${IDENTITY}`]
  execFileSync('openssl', ['req', '-x509', ...made, ...san, '-keyout', key, '-out', leaf], { stdio: 'pipe' })
  return { by: await signerOf(createPrivateKey(readFileSync(key))), certificate: readFileSync(leaf, 'utf8') }
}

/** Delivers what the truth owes to the index, once. */
export async function deliverAll(truth: Truth, index: IndexStore, trust: Trust, concurrency = 32): Promise<number> {
  const never = new AbortController().signal
  return runLane(INDEX, {
    truth,
    targets: [INDEX],
    backend: () => undefined,
    index,
    trust: () => trust,
    retry: { now: () => performance.now(), sleep: async () => undefined, random: () => 0 },
    drain: never,
    stop: never,
    holder: 'holder-1',
    host: HOST,
    leaseMs: 60_000,
    concurrency,
    givenBack: new Set(),
    told: () => undefined,
  })
}
