/**
 * A process that stores one run of a List file whenever its parent names one: what `prov store --run` does, without the start
 * of a process for each round. Built code, as users have it.
 */
import { readFileSync } from 'node:fs'

export interface Round {
  readonly file: string
  readonly layout: string
  /** Index in the List's items. */
  readonly item: number
}

interface Meta {
  readonly name: string
  readonly namespace: string
  readonly uid: string
}

const library = new URL('../../dist/index.js', import.meta.url).href
const prov = (await import(library)) as typeof import('../../src/index.ts')
const signer = await prov.loadSigner({ key: process.env['KEY'] ?? '', password: async () => undefined })
const { signal } = new AbortController()

async function storeOne({ file, layout, item }: Round): Promise<number> {
  const list = JSON.parse(readFileSync(file, 'utf8')) as { items: { kind: 'TaskRun'; metadata: Meta }[] }
  const object = list.items[item]
  if (object === undefined) throw new Error(`no item ${item}`)
  const { name, namespace, uid } = object.metadata
  const source = { file, document: 0, item }
  const run = {
    type: 'run',
    kind: 'TaskRun',
    namespace,
    name,
    uid,
    object: { ...object },
    children: [],
    source,
  } as const
  const context = {
    setting: (key: string) => (key === 'storage.oci.layout' ? layout : undefined),
    env: {},
    now: Date.now,
    random: (size: number) => crypto.getRandomValues(new Uint8Array(size)),
    debug: () => undefined,
  }
  const backends = [await prov.openBackend('tekton', context), await prov.openBackend('oci', context)]
  const wait = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))
  const report = await prov.store({
    items: [{ artifact: run, format: prov.formatNamed('slsa/v1'), backends }],
    signer: async () => signer,
    trust: async () => prov.trustOf(signer),
    formatOptions: { builderId: 'https://tekton.dev/chains/v2', buildType: '', deepInspection: false },
    optional: [],
    resign: false,
    dryRun: false,
    signal,
    retry: { budget: { attempts: 5, totalMs: 60_000 }, signal, now: Date.now, sleep: wait, random: Math.random },
  })
  for (const backend of backends) await backend.close()
  return report.exit
}

process.on('message', (round: Round) => {
  storeOne(round).then(
    (exit) => process.send?.({ exit }),
    (error: unknown) => process.send?.({ exit: String(error) }),
  )
})
process.send?.({ ready: true })
