/** 2,000 entries in CI; PROV_TEST_ENTRIES=20000 for as many as the design asks for. */
import { randomUUID } from 'node:crypto'
import { describeWith } from '../servers/endpoints.ts'
import { postgresTruth, sqliteTruth } from '../support/truth.ts'
import { reconcileSuite } from './reconcile-suite.ts'

const entries = Number(process.env['PROV_TEST_ENTRIES'] ?? 2000)

describeWith(['redis'], 'with a Redis', () => {
  reconcileSuite(
    'SQLite',
    async () => {
      const at = sqliteTruth()
      return { ...at, place: () => ({ url: `sqlite:${at.path}`, newId: randomUUID() }) }
    },
    entries,
  )
})

describeWith(['redis', 'postgresql'], 'with a Redis and PostgreSQL', () => {
  reconcileSuite(
    'PostgreSQL',
    async () => {
      const at = await postgresTruth()
      return { ...at, place: () => ({ url: at.url, password: at.password, newId: randomUUID() }) }
    },
    Math.min(entries, 600),
  )
})
