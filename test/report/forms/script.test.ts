/** The page's script: one text from its parts, which says of marks and exit statuses what the tables say. */
import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { expect, it } from 'vitest'
import { SCRIPT } from '../../../src/report/html/script.ts'
import { EXIT_OF } from '../../../src/verify/verdict.ts'

it('is one script that a browser can read', () => {
  expect(() => new Script(SCRIPT)).not.toThrow()
  expect(SCRIPT.startsWith("\n'use strict'\n")).toBe(true)
})

it('holds every part of browser/ as it stands there', () => {
  for (const part of ['facts', 'details', 'table', 'filters', 'reader'])
    expect(SCRIPT).toContain(readFileSync(`src/report/html/browser/${part}.js`, 'utf8'))
})

it('knows the exit status of each mark as the verdict does', () => {
  const [, said = '{}'] = /^const EXIT_OF = (\{.*\})$/m.exec(SCRIPT) ?? []
  const own = Object.fromEntries(Object.entries(EXIT_OF).filter(([, exit]) => exit !== 0))
  expect(JSON.parse(said.replaceAll("'", '"'))).toEqual(own)
})
