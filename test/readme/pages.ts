/** README.md, the documents beside it and every page of docs/. A command or a backend without a page gets one. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BACKENDS } from '../../backends/index.ts'
import { ROOT } from '../support/cli.ts'
import { commandNames } from './tables.ts'

export interface Page {
  /** From the root of the repository: `docs/commands/verify.md`. */
  readonly name: string
  readonly text: string
}

const AT_THE_ROOT = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md']

/** @example pages().map(({ name }) => name) // ['README.md', …, 'docs/commands/verify.md'] */
export function pages(): readonly Page[] {
  const written = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
  const made = [
    ...commandNames().map((name) => `docs/commands/${name}.md`),
    ...Object.keys(BACKENDS).map((name) => `docs/backends/${name}.md`),
  ]
  const names = [...new Set([...AT_THE_ROOT, ...written, ...made])].sort()
  return names.map((name) => ({ name, text: textOf(name) }))
}

function textOf(name: string): string {
  const path = join(ROOT, name)
  if (existsSync(path)) return readFileSync(path, 'utf8')
  const word = name.slice(name.lastIndexOf('/') + 1, -'.md'.length)
  if (name.startsWith('docs/commands/')) {
    return `# prov ${word}\n\n[All exits](../marks-and-exits.md#exits).\n\n## Help\n\n<!-- help: ${word} -->\n<!-- end of help -->\n`
  }
  const table = (called: string): string => `<!-- table: ${called} ${word} -->\n<!-- end of table -->\n`
  return `# Backend ${word}\n\n${table('backend')}\n## Settings\n\n${table('settings')}\n## Known gaps\n\n${table('gaps')}`
}
