/** What any command prints with --json when it has no result. */
import { failureOnly } from './document.ts'

export const schema = failureOnly('failure of any command with --json')
