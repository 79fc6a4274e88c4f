/** Words of the field in the documents, not our own. Tables, help and output come from the code and are not looked at here. */
import { expect, test } from 'vitest'
import { pages } from '../readme/pages.ts'

/** What is written here → what to write in its place. */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [/\bbeliev\w*/i, 'trust'],
  [/\bmend\w*/i, 'repair'],
  [/\bheal(?!th\b)\w*/i, 'repair, or go away'],
  [/\bstrangers?\b/i, 'foreign signature'],
  [/\bstrays?\b/i, 'foreign signature'],
  [/(?<!there )\bis no [a-z]/i, 'is not a'],
]

function written(text: string): string {
  return text
    .replaceAll(/<!-- (table|help): [\s\S]*?<!-- end of \1 -->/g, '')
    .replaceAll(/^ *```[\s\S]*?^ *```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '')
}

test.each(pages().filter(({ name }) => name !== 'CHANGELOG.md'))('$name', ({ text }) => {
  const lines = written(text).split('\n')
  const found = INSTEAD.flatMap(([word, instead]) =>
    lines.filter((line) => word.test(line)).map((line) => ({ line, instead })),
  )
  expect(found).toEqual([])
})
