/** Every relative link of the documents leads somewhere, and the README stays short. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { pages } from '../readme/pages.ts'
import { ROOT } from '../support/cli.ts'

/** Without code, in which brackets are no links. */
function prose(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '').replaceAll(/(`+)[^`\n]*?\1/g, '')
}

/** Names that GitHub gives to the headings of a page. */
function anchors(text: string): ReadonlySet<string> {
  const headings = text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

function broken(from: string, text: string): readonly string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return []
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? from : join(dirname(from), path)
    if (!existsSync(join(ROOT, target))) return [`${from}: ${link}: there is no ${target}`]
    if (anchor === undefined) return []
    return anchors(readFileSync(join(ROOT, target), 'utf8')).has(anchor) ? [] : [`${from}: ${link}: no such heading`]
  })
}

test('every relative link has its file, every anchor its heading', () => {
  expect(pages().flatMap(({ name, text }) => broken(name, text))).toEqual([])
})

test('every file of the repository that is named is there', () => {
  const named = pages().flatMap(({ name, text }) =>
    [...text.matchAll(/`((?:\.ci|\.github|backends|bin|ci|docs|fixtures|src|templates|test)\/[\w./-]*)`/g)].map(
      ([, path = '']) => ({ name, path }),
    ),
  )
  expect(named.length).toBeGreaterThan(8)
  // CHANGELOG.md also names what is gone.
  const gone = named.filter(({ name, path }) => name !== 'CHANGELOG.md' && !existsSync(join(ROOT, path)))
  expect(gone).toEqual([])
})

test('a link that leads nowhere is found', () => {
  const text =
    '[a](docs/nothing.md) [b](#nowhere) [c](docs/ci.md#github) `[d](none.md)` [e](https://example.com/x)\n# Here'
  expect(broken('README.md', text)).toEqual([
    'README.md: docs/nothing.md: there is no docs/nothing.md',
    'README.md: #nowhere: no such heading',
  ])
})

test('every page is reached from the README', () => {
  const texts = new Map(pages().map(({ name, text }) => [name, prose(text)]))
  const reached = new Set<string>()
  const follow = (name: string): void => {
    if (reached.has(name) || !texts.has(name)) return
    reached.add(name)
    for (const [, link = ''] of (texts.get(name) ?? '').matchAll(/\]\(([^)#\s]+)/g)) follow(join(dirname(name), link))
    // Tables put the name of a page in code spans.
    for (const [, link = ''] of (pages().find((page) => page.name === name)?.text ?? '').matchAll(/`\]\(([^)#\s]+)/g))
      follow(join(dirname(name), link))
  }
  follow('README.md')
  expect([...texts.keys()].filter((name) => !reached.has(name))).toEqual([])
})

test('the README has at most 12 KB', () => {
  expect(statSync(join(ROOT, 'README.md')).size).toBeLessThanOrEqual(12_288)
})
