/** Proofs beside Chains' own form: it stays byte for byte as it was, and nothing that happens to them harms the copy. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { openBackend } from '../../backends/index.ts'
import { openObjects } from '../../backends/objects/backend.ts'
import { directoryStore } from '../../backends/objects/directory.ts'
import type { Backend, Slot } from '../../src/backend/backend.ts'
import { judge } from '../../src/copies/judge-slot.ts'
import { ProvError } from '../../src/errors.ts'
import type { Entry } from '../../src/model/entry.ts'
import { joinTrust, trustOf } from '../../src/trust/trusted-keys.ts'
import { checksUnder } from '../../src/trust/verify-entry.ts'
import { LOG_ENTRY_V2, LOG_PROOF, STAMPS } from '../conformance/proof-samples.ts'
import { aboutOf, LEAF, ROOT, SAMPLE_KEY, sampleEntry, sampleImage, sampleRun } from '../conformance/samples.ts'
import { testContext } from '../support/context.ts'
import { scratch } from '../support/scratch.ts'

const calm = { signal: new AbortController().signal }
const image = sampleImage('registry.example/acme/app', 'beside')
const run = sampleRun('beside', image)

interface Place {
  readonly open: () => Promise<Backend>
  /** Everything that Chains would read, by name. */
  readonly chains: () => Readonly<Record<string, string>>
  /** The text beside it; undefined when there is none. */
  readonly beside: () => string | undefined
  readonly setBeside: (text: string) => void
}

function inDirectory(): Place {
  const root = join(scratch(), 'copies')
  const files = () =>
    (existsSync(root) ? readdirSync(root, { recursive: true, encoding: 'utf8' }) : []).filter((name) =>
      /\.\w+$/.test(name),
    )
  const proofs = () => files().find((name) => name.endsWith('.proofs'))
  return {
    open: () => openBackend('gcs', testContext({ 'storage.gcs.directory': root })),
    chains: () =>
      Object.fromEntries(
        files()
          .filter((name) => !name.endsWith('.proofs'))
          .map((name) => [name, readFileSync(join(root, name), 'base64')]),
      ),
    beside: () => (proofs() === undefined ? undefined : readFileSync(join(root, proofs() ?? ''), 'utf8')),
    setBeside: (text) => writeFileSync(join(root, proofs() ?? ''), text),
  }
}

function inSqlite(): Place {
  const path = join(scratch(), 'copies.db')
  const rows = <T>(sql: string, ...values: readonly (string | Uint8Array)[]): readonly T[] => {
    if (!existsSync(path)) return []
    const db = new DatabaseSync(path)
    try {
      return db.prepare(sql).all(...values) as unknown as readonly T[]
    } finally {
      db.close()
    }
  }
  const sql = (like: string) => `SELECT * FROM documents WHERE Name ${like} 'proofs-%'`
  return {
    open: () => openBackend('docdb', testContext({ 'storage.docdb.url': `sqlite:${path}` })),
    chains: () => ({ rows: JSON.stringify(rows(sql('NOT LIKE'))) }),
    beside: () => {
      const [row] = rows<{ readonly Signed: Uint8Array }>(sql('LIKE'))
      return row === undefined ? undefined : Buffer.from(row.Signed).toString()
    },
    setBeside: (text) => void rows("UPDATE documents SET Signed = ? WHERE Name LIKE 'proofs-%'", Buffer.from(text)),
  }
}

function inAnnotations(): Place {
  const file = join(scratch(), 'run.json')
  writeFileSync(file, JSON.stringify(run.object, null, 2))
  interface Run {
    readonly metadata: { annotations: Record<string, string> }
  }
  const read = () => JSON.parse(readFileSync(file, 'utf8')) as Run
  const isOwn = (name: string) => name.startsWith('dev.prov/')
  return {
    open: () => openBackend('tekton', testContext({ 'storage.tekton.file': file })),
    chains: () => Object.fromEntries(Object.entries(read().metadata.annotations).filter(([name]) => !isOwn(name))),
    beside: () => Object.entries(read().metadata.annotations).find(([name]) => isOwn(name))?.[1],
    setBeside: (text) => {
      const json = read()
      const name = Object.keys(json.metadata.annotations).find(isOwn) ?? ''
      json.metadata.annotations[name] = text
      writeFileSync(file, JSON.stringify(json, null, 2))
    },
  }
}

const PLACES = { 'objects in a directory': inDirectory, 'documents in SQLite': inSqlite, annotations: inAnnotations }
const KINDS = ['dsse', 'raw'] as const
/** Without Node's own kind of bytes, which compares unequal. */
const bytesOf = (entry: Entry | undefined) => entry?.signatures.map((one) => ({ ...one, sig: new Uint8Array(one.sig) }))

describe.each(Object.entries(PLACES))('%s', (_, make) => {
  describe.each(KINDS)('%s', (kind) => {
    const plain = sampleEntry(kind, run, image, 'beside', { certificate: LEAF, chain: ROOT })
    const proven: Entry = {
      ...plain,
      signatures: plain.signatures.map((one) => ({
        ...one,
        logEntries: [LOG_ENTRY_V2],
        logProof: LOG_PROOF,
        timestamps: STAMPS,
      })),
    }
    const slotOf = (backend: Backend): Slot => {
      const [slot] = backend.slots(aboutOf(kind, run, image))
      if (slot === undefined) throw new Error('no slot')
      return slot
    }
    const opened = async (place: Place) => {
      const backend = await place.open()
      return { backend, slot: slotOf(backend) }
    }

    test("Chains' own form is byte for byte the same with proofs and without, whenever they come", async () => {
      const [bare, later, once] = [make(), make(), make()]
      const put = async (place: Place, ...entries: readonly Entry[]) => {
        const { backend, slot } = await opened(place)
        for (const entry of entries) expect((await backend.put(slot, entry, calm)).outcome).toBe('written')
        await backend.close()
      }
      await put(bare, plain)
      await put(later, plain, proven)
      await put(once, proven)
      expect(bare.beside()).toBeUndefined()
      expect(Object.keys(bare.chains()).length).toBeGreaterThan(0)
      expect(later.chains()).toEqual(bare.chains())
      expect(once.chains()).toEqual(bare.chains())
      expect(once.beside()).toBe(later.beside())
    })

    test('damage beside it leaves the copy whole, is told, and is healed by the next put', async () => {
      for (const text of ['', '{"v":1,', '{"v":1,"signatures":[{"signature":"x"}]}']) {
        const place = make()
        const { backend, slot } = await opened(place)
        await backend.put(slot, proven, calm)
        place.setBeside(text)
        const [found] = await backend.get(slot, calm)
        expect(bytesOf(found?.entry)).toEqual(bytesOf(plain))
        expect(found).toMatchObject({ proofsDamage: { code: 'copy_malformed', backend: backend.name } })
        const about = aboutOf(kind, run, image)
        const judged = judge(
          about,
          slot,
          found === undefined ? [] : [found],
          checksUnder(joinTrust([trustOf(SAMPLE_KEY)])),
        )
        expect(judged.others.filter(({ claims }) => !claims).map(({ code }) => code)).toContain('copy_malformed')
        expect((await backend.put(slot, plain, calm)).outcome).toBe('unchanged')
        expect((await backend.put(slot, proven, calm)).outcome).toBe('written')
        const [again] = await backend.get(slot, calm)
        expect(again?.entry?.signatures[0]).toMatchObject({ logEntries: [LOG_ENTRY_V2], logProof: LOG_PROOF })
        expect(again).not.toHaveProperty('proofsDamage')
        await backend.close()
      }
    })

    test('what a newer prov wrote there is never overwritten', async () => {
      const place = make()
      const { backend, slot } = await opened(place)
      await backend.put(slot, proven, calm)
      place.setBeside('{"v":2,"new":true}')
      await expect(backend.put(slot, proven, calm)).rejects.toMatchObject({ code: 'not_supported' })
      expect(place.beside()).toBe('{"v":2,"new":true}')
      expect((await backend.put(slot, plain, calm)).outcome).toBe('unchanged')
      expect(bytesOf((await backend.get(slot, calm))[0]?.entry)).toEqual(bytesOf(plain))
      await backend.close()
    })

    test('it is no entry of a list, counts in the plan, and goes with the copy', async () => {
      const place = make()
      const { backend, slot } = await opened(place)
      await backend.put(slot, proven, calm)
      const listed: string[] = []
      for await (const { key } of backend.list?.({}, calm) ?? []) listed.push(key)
      expect(listed).toEqual([slot.key])
      expect(backend.size(slot, proven) - backend.size(slot, plain)).toBeGreaterThan(place.beside()?.length ?? 0)
      for (const found of await backend.get(slot, calm)) await backend.remove?.(slot, found, calm)
      expect(place.beside()).toBeUndefined()
      await backend.close()
    })

    test('a replacement or removal of what has got another proof since is a conflict', async () => {
      const { backend, slot } = await opened(make())
      await backend.put(
        slot,
        { ...plain, signatures: plain.signatures.map((one) => ({ ...one, timestamps: STAMPS })) },
        calm,
      )
      const [found] = await backend.get(slot, calm)
      await backend.put(slot, proven, calm)
      if (found === undefined) throw new Error('nothing found')
      const other = sampleEntry(kind, run, image, 'other')
      await expect(backend.replace?.(slot, found, other, calm)).rejects.toMatchObject({ code: 'conflict' })
      await expect(backend.remove?.(slot, found, calm)).rejects.toMatchObject({ code: 'conflict' })
      expect((await backend.get(slot, calm))[0]?.entry?.signatures[0]).toMatchObject({ logProof: LOG_PROOF })
      await backend.close()
    })
  })
})

test('a store that does not tell absence from prohibition still gives its copies', async () => {
  const context = testContext()
  const directory = join(scratch(), 'copies')
  const store = directoryStore(context, { backend: 's3', directory })
  const backend = openObjects(context, {
    name: 's3',
    sharedWrites: 'precondition',
    home: () => ({
      root: 's3://bucket/',
      connect: async () => ({
        ...store,
        get: async (name, options) => {
          const found = await store.get(name, options)
          if (found === undefined) throw new ProvError('denied', '403')
          return found
        },
      }),
    }),
  })
  const writer = openObjects(context, {
    name: 's3',
    sharedWrites: 'precondition',
    home: () => ({ root: 's3://bucket/', connect: async () => store }),
  })
  const [slot] = backend.slots(aboutOf('dsse', run, image))
  if (slot === undefined) throw new Error('no slot')
  await writer.put(slot, sampleEntry('dsse', run, image), calm)
  expect(await backend.get(slot, calm)).toHaveLength(1)
})
