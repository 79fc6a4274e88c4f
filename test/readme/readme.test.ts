import { join } from 'node:path'
import { test } from 'vitest'
import { ROOT } from '../support/cli.ts'
import { pages } from './pages.ts'
import { withTables } from './tables.ts'
import { withOutput } from './walk.ts'

test.concurrent.for(pages())(
  "$name: tables, help and shown output are the code's own; npm run docs makes them anew",
  async ({ name, text }, { expect }) => {
    await expect(await withOutput(await withTables(text))).toMatchFileSnapshot(join(ROOT, name))
  },
)
