import { describe } from 'vitest'
import { describeWith } from '../servers/endpoints.ts'
import { postgresRig, sqliteRig } from '../truth/rigs.ts'
import { impactLines } from './impact-suite.ts'

describe('in SQLite the count', () => impactLines(sqliteRig, 600))
describeWith(['postgresql'], 'in PostgreSQL the count', () => impactLines(postgresRig, 600))
