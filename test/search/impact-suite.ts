/** `--impact` against a walk through every entry and every delivery, by code that shares nothing with the statements. */
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import type { About } from '../../src/backend/backend.ts'
import type { Entry } from '../../src/model/entry.ts'
import type { Mark, NewItem, Truth } from '../../src/truth/truth.ts'
import { aboutRun } from '../support/makers.ts'
import { claimOne, committed, makeRun, owed, settleDone } from '../truth/made.ts'
import type { Rig } from '../truth/suite.ts'

const KEYS = Array.from({ length: 100 }, () => `SHA256:${randomBytes(32).toString('base64').replace(/=+$/, '')}`)
const BUILDERS = [
  'https://a.example/b',
  'https://b.example/B',
  'HTTPS://B.example/B',
  `https://c.example/${'c'.repeat(600)}`,
]
const TARGETS = ['oci', 'gcs', 's3']

const oneOf = <T>(list: readonly T[]): T => list[randomInt(list.length)] as T
const someOf = <T>(list: readonly T[], most: number): readonly T[] => [
  ...new Set(Array.from({ length: randomInt(most + 1) }, () => oneOf(list))),
]

function statement(uid: string, builder: string): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'x', digest: { sha256: randomBytes(32).toString('hex') } }],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: { buildType: 'https://tekton.dev/chains/v2/slsa', externalParameters: {} },
        runDetails: { builder: { id: builder }, metadata: { invocationId: uid } },
      },
    }),
  )
}

function item(n: number, more: Partial<NewItem> = {}): NewItem {
  const uid = randomUUID()
  const run = { ...makeRun(`r${n}`), uid }
  const about: About = { ...aboutRun(run), format: 'slsa/v1' }
  const signatures = [{ sig: randomBytes(8) }]
  const payloadType = 'application/vnd.in-toto+json'
  const entry: Entry = { kind: 'dsse', payloadType, payload: statement(uid, oneOf(BUILDERS)), signatures }
  return {
    uri: `prov:taskrun/${uid}`,
    format: 'slsa/v1',
    entry,
    keyids: someOf(KEYS, 3),
    source: 'signed',
    about,
    resign: false,
    deliveries: someOf(TARGETS, 3).map((target) => owed(target)),
    seals: [],
    ...more,
  }
}

interface Walked {
  readonly keyids: readonly string[]
  readonly uri: string
  readonly uid: string
  readonly builder: string
  readonly created: number
  readonly isGood: boolean
  readonly copies: readonly string[]
}

async function walk(truth: Truth, rig: Rig): Promise<readonly Walked[]> {
  const walked: Walked[] = []
  for (let after: Mark | undefined; ; ) {
    const page = await truth.page(after, 97)
    for (const { seq, uri, entry, state } of page) {
      const [row] = await rig.sql('SELECT keyids, created, superseded_by FROM entry WHERE seq = $1', [seq])
      if (row?.['superseded_by'] !== null) continue
      const copies = await rig.sql(
        'SELECT target, state FROM delivery WHERE item IN (SELECT id FROM item WHERE seq = $1)',
        [seq],
      )
      const { predicate } = JSON.parse(Buffer.from(entry.payload).toString())
      const keyids = row['keyids']
      walked.push({
        keyids: typeof keyids === 'string' ? JSON.parse(keyids) : keyids,
        uri,
        uid: predicate.runDetails.metadata.invocationId,
        builder: predicate.runDetails.builder.id.replace(/^HTTPS:\/\/B/, 'https://b'),
        created: Number(row['created']),
        isGood: state === 'good',
        copies: copies.map(({ target, state: is }) => `${target} ${is}`),
      })
    }
    after = page.at(-1)
    if (page.length === 0) return walked
  }
}

const tally = (names: readonly string[]): readonly (readonly [string, number])[] =>
  [...Map.groupBy(names, (name) => name)].map(([name, own]) => [name, own.length] as const).toSorted()

export function impactLines(makeRig: () => Promise<Rig>, entries: number): void {
  it('of 100 random keys is what a walk through everything gives', async () => {
    const rig = await makeRig()
    await rig.migrate()
    const truth = await rig.open()
    try {
      const items = Array.from({ length: entries }, (_, n) => item(n))
      for (let at = 0; at < items.length; at += 40) await committed(truth, ...items.slice(at, at + 40))
      for (const old of someOf(items, 30)) {
        const { uid } = old.about.artifact as { uid: string }
        const entry = { ...old.entry, signatures: [{ sig: randomBytes(9) }], payload: statement(uid, oneOf(BUILDERS)) }
        await committed(truth, { ...old, entry, keyids: someOf(KEYS, 2), resign: true })
      }
      for (let n = 0; n < 20; n++) await settleDone(truth, await claimOne(truth, oneOf(TARGETS)))
      const kept = await rig.sql('SELECT seq FROM entry WHERE superseded_by IS NULL')
      for (let n = 0; n < 10; n++)
        await truth.quarantine(Number(oneOf(kept)['seq']), { code: 'signature_invalid', message: 'x' })
      const all = await walk(truth, rig)
      for (const key of KEYS) {
        const own = all.filter(({ keyids }) => keyids.includes(key))
        const found = await truth.impact([`key:${key}`], 10_000)
        const shares = ({ first }: typeof found.runs) =>
          first.map(({ name, entries: n }) => [name, n] as const).toSorted()
        expect({ entries: found.entries, quarantined: found.quarantined }).toEqual({
          entries: own.length,
          quarantined: own.filter(({ isGood }) => !isGood).length,
        })
        expect(shares(found.artifacts)).toEqual(tally(own.map(({ uri }) => uri)))
        expect(shares(found.runs)).toEqual(tally(own.map(({ uid }) => uid)))
        const named = own.map(({ builder }) => builder).filter((name) => name.length < 500)
        expect(shares(found.builders)).toEqual(tally(named))
        expect(found.unknown.long).toBe(own.length - named.length)
        expect(
          found.places.map(({ target, state, copies }) => [`${target} ${state}`, copies] as const).toSorted(),
        ).toEqual(tally(own.flatMap(({ copies }) => copies)))
        const times = own.map(({ created }) => created)
        expect([found.since, found.until]).toEqual(
          own.length === 0 ? [undefined, undefined] : [Math.min(...times), Math.max(...times)],
        )
        expect(found.artifacts.total).toBe(found.artifacts.first.length)
        // Of few that are named the number of all is said all the same.
        expect((await truth.impact([`key:${key}`], 1)).runs.total).toBe(found.runs.total)
        expect((await truth.search([`key:${key}`], 0, 1000)).length).toBe(own.length)
      }
    } finally {
      await truth.close()
      await rig.close()
    }
  })
}
