/** Words that no message of prov may have. Comments are free; what people read is not. */
import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileError, fileReason } from '../../src/platform/fs/files.ts'
import { ROOT } from '../support/cli.ts'
import { literalsIn } from './literals.ts'

interface Rule {
  readonly not: RegExp
  readonly say: string
}

const ERRNO = Object.keys(constants.errno).join('|')

/** One row a mistake. */
const RULES: readonly Rule[] = [
  { not: /\b(?:is|are|was) no (?!longer|more)/i, say: 'not a DSSE envelope; the topic does not exist' },
  { not: /\bmend/i, say: 'repair' },
  { not: /\bbeliev/i, say: 'trusted' },
  { not: /not? an? moment|no moment/i, say: 'not a valid date' },
  { not: /\bsound\b/i, say: 'valid' },
  { not: /\bwhatsoever|hitherto|thereof|whereof|forthwith\b/i, say: 'short words' },
  {
    not: new RegExp(`\\s(?:${ERRNO})\\b(?!\\))|\\b(?:${ERRNO})\\s`),
    say: 'permission denied, and the code in brackets at most',
  },
]

/** Members of JSON that stay as they are. */
const NAMES: readonly string[] = ['mended']

const FILES = ['src', 'backends'].flatMap((root) =>
  readdirSync(join(ROOT, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${root}/${name}`),
)

describe('what prov prints', () => {
  test.each(RULES)('$not: say $say', ({ not }) => {
    const found = FILES.flatMap((file) =>
      literalsIn(readFileSync(join(ROOT, file), 'utf8'))
        .filter(({ text }) => not.test(text) && !NAMES.includes(text))
        .map(({ line, text }) => `${file}:${line}: ${text.slice(0, 100)}`),
    )
    expect(found).toEqual([])
  })

  test('many literals are read, and the reader knows comments, templates and patterns', () => {
    const all = FILES.flatMap((file) => literalsIn(readFileSync(join(ROOT, file), 'utf8')))
    expect(all.length).toBeGreaterThan(5000)
    const tick = '`'
    const code = `a('x') // 'no'\n/* 'no' */ b = /'no[/']/.test(${tick}y $\{c('z') + ${tick}w${tick}} v${tick})\n`
    expect(literalsIn(code)).toEqual([
      { line: 1, text: 'x' },
      { line: 2, text: 'z' },
      { line: 2, text: 'w' },
      { line: 2, text: 'y … v' },
    ])
  })
})

describe('a code of the system', () => {
  test.each(Object.keys(constants.errno))('%s never stands alone', (code) => {
    expect(fileReason(code)).toMatch(/^[a-z][a-z -]+(?: \([A-Z0-9]+\))?$/)
    const thrown = Object.assign(new Error(code), { code })
    const { message } = fileError(thrown, { operation: 'read', location: 'run.yaml' })
    expect(message).toMatch(/^cannot read run\.yaml: [a-z]/)
  })
})
