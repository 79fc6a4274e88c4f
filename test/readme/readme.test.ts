import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { withTables } from './tables.ts'

const README = new URL('../../README.md', import.meta.url)

test("the README's tables are those of the code; npm run readme makes them anew", async () => {
  await expect(await withTables(await readFile(README, 'utf8'))).toMatchFileSnapshot(README.pathname)
})
