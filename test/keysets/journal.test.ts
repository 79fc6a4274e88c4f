import { describeWith } from '../servers/endpoints.ts'
import { journalSuite } from './journal-suite.ts'

journalSuite('sqlite')

describeWith(['postgresql'], 'with a server', () => {
  journalSuite('postgres')
})
