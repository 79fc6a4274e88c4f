import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { open } from '../../../backends/docdb/backend.ts'
import type { Backend, Slot } from '../../../src/backend/backend.ts'
import { GAPS } from '../../conformance/gaps.ts'
import type { Rig } from '../../conformance/rig.ts'
import { sampleImage, sampleRun } from '../../conformance/samples.ts'
import { backendConformance } from '../../conformance/suite.ts'
import { testContext } from '../../support/context.ts'
import { scratch } from '../../support/scratch.ts'

function rig(): Rig {
  const path = join(scratch(), 'prov.db')
  const settings = { 'storage.docdb.url': `sqlite:${path}` }
  const image = sampleImage('registry.example/acme/app', 'app')
  /** Another connection keeps the whole file to itself, readers included. */
  const held = async (more: Readonly<Record<string, string>> = {}): Promise<Backend> => {
    const holder = new DatabaseSync(path)
    holder.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE; CREATE TABLE x (y)')
    const backend = open(testContext({ ...settings, ...more }))
    return {
      ...backend,
      close: async () => {
        if (holder.isOpen) holder.close()
        await backend.close()
      },
    }
  }
  return {
    run: sampleRun('build-1', image),
    image,
    otherImage: sampleImage('registry.example/acme/other', 'other'),
    open: () => open(testContext(settings)),
    inProcess: 'writes',
    faults: {
      timedOut: () => held({ 'storage.timeout': '100ms' }),
      stalled: () => held(),
    },
    corrupt: async ({ address }: Slot) => {
      const db = new DatabaseSync(path)
      const { changes } = db
        .prepare("UPDATE documents SET Signature = 'no base64!' WHERE Name = ?")
        .run(address['key'] ?? '')
      db.close()
      if (changes !== 1) throw new Error('nothing to corrupt')
    },
    writes: () => {
      if (!existsSync(path)) return 0
      const db = new DatabaseSync(path)
      const { n } = db.prepare('SELECT count(*) AS n FROM documents').get() ?? {}
      db.close()
      return Number(n)
    },
  }
}

backendConformance('docdb (SQLite)', { rig, gaps: GAPS.docdbSqlite })
