import { describeWith } from '../servers/endpoints.ts'
import { rotationSuite } from './rotation-suite.ts'

rotationSuite('sqlite')

describeWith(['postgresql'], 'with a server', () => {
  rotationSuite('postgres')
})
