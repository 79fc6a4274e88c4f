/** Small real things for the tests of a truth: signed entries with what is owed for them. */
import type { About } from '../../src/backend/backend.ts'
import type { CopyReceipt } from '../../src/backend/receipt.ts'
import type { RunArtifact } from '../../src/model/artifact.ts'
import { type Entry, entryId } from '../../src/model/entry.ts'
import { entryToJson } from '../../src/model/entry-json.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import { truthUri } from '../../src/truth/kept.ts'
import type { Claim, Claimed, Kept, Mark, NewDelivery, NewItem, Truth, Wanted } from '../../src/truth/truth.ts'
import { aboutImage, aboutRun, attest, imageOf, signer, signImage, taskRun } from '../support/makers.ts'

export const HOST = 'machine-a'

let key: Promise<KeySigner> | undefined
export const testKey = (): Promise<KeySigner> => {
  key ??= signer()
  return key
}

export function owed(target: string, more: Partial<NewDelivery> = {}): NewDelivery {
  return {
    target,
    lane: target,
    slot: { backend: target, key: `${target}-slot`, kind: 'dsse', holds: 'one', address: { path: 'a\u0000b' } },
    action: 'write',
    required: true,
    foreign: false,
    resign: false,
    state: 'pending',
    ...more,
  }
}

/** The provenance of a run, owed to these backends; a second signature wants a second key. */
export async function runItem(
  run: RunArtifact,
  deliveries: readonly NewDelivery[],
  more: Partial<NewItem> = {},
  by?: KeySigner,
): Promise<NewItem> {
  const about: About = { ...aboutRun(run), format: 'slsa/v1' }
  const entry = await attest(run, by ?? (await testKey()))
  return item(about, entry, deliveries, { keyids: [(by ?? (await testKey())).keyid], ...more })
}

/** The signature of the image that a run built. */
export async function imageItem(
  run: RunArtifact,
  deliveries: readonly NewDelivery[],
  image = run.name,
  given?: Entry,
): Promise<NewItem> {
  const artifact = imageOf(run, image)
  const entry = given ?? (await signImage(artifact, await testKey()))
  return item(aboutImage(artifact), entry, deliveries, {
    format: 'simplesigning',
    keyids: [(await testKey()).keyid],
  })
}

function item(about: About, entry: Entry, deliveries: readonly NewDelivery[], more: Partial<NewItem>): NewItem {
  const uri = truthUri(about.artifact)
  return {
    uri,
    format: 'slsa/v1',
    entry,
    keyids: [],
    source: 'signed',
    about,
    resign: false,
    deliveries,
    seals: [],
    ...more,
  }
}

export const makeRun = taskRun

/** Every backend that a test owes something to. */
const TARGETS = ['oci', 'gcs', 's3', 'docdb', 'tekton', 'memory', 'a', 'b']

export function wanted(lane: string, more: Partial<Wanted> = {}): Wanted {
  return { lane, targets: TARGETS, holder: 'holder-1', host: HOST, leaseMs: 60_000, limit: 100, ...more }
}

/** Commits, and fails the test when somebody else's entry stands. */
export async function committed(truth: Truth, ...items: readonly NewItem[]) {
  const result = await truth.commit(items)
  if (result.items === undefined) throw new Error('another entry stands')
  return result.items
}

export async function claimOne(truth: Truth, lane: string, more: Partial<Wanted> = {}): Promise<Claimed> {
  const [one] = await truth.claim(wanted(lane, { ...more, limit: 1 }))
  if (one === undefined) throw new Error(`nothing to claim in ${lane}`)
  return one
}

export function receiptOf(claim: Claimed | (Claim & { readonly target: string })): CopyReceipt {
  const { target: backend, slotKey } = claim
  return { backend, slot: slotKey, location: slotKey, outcome: 'written', confirmed: true, entry: 'e', signatures: [] }
}

export const settleDone = (truth: Truth, claim: Claimed): Promise<boolean> =>
  truth.settle(claim, { state: 'done', receipt: receiptOf(claim) })

export const stateOf = async (truth: Truth, target: string): Promise<string | undefined> =>
  (await truth.list({ target }))[0]?.state

/** An entry in a form that does not tell a Buffer from other bytes. */
export const plain = (entry: Entry | undefined): unknown => entry && entryToJson(entry)

export { entryId }

/**
 * The page once it has so many entries: transactions of other tests on the same server, which began earlier, hold it back for a moment.
 */
export async function paged(truth: Truth, entries: number, after?: Mark): Promise<readonly (Kept & Mark)[]> {
  for (const end = Date.now() + 30_000; ; ) {
    const page = await truth.page(after, 10)
    if (page.length >= entries || Date.now() > end) return page
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
