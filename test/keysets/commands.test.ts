import { describeWith } from '../servers/endpoints.ts'
import { postgresTruth, sqliteTruth } from '../support/truth.ts'
import { commandsSuite } from './commands-suite.ts'

commandsSuite('SQLite', async () => sqliteTruth())

describeWith(['postgresql'], 'with a server', () => {
  commandsSuite('PostgreSQL', postgresTruth)
})
