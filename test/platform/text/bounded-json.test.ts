import { describe, expect, it } from 'vitest'
import { readStatement } from '../../../src/model/statement.ts'
import { JSON_BOUNDS, parseBounded } from '../../../src/platform/text/bounded-json.ts'

const code = (work: () => unknown): unknown => {
  try {
    work()
    return 'parsed'
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? thrown.code : thrown instanceof Error && thrown.name
  }
}
const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

describe('JSON of somebody else', () => {
  it.each([
    ['{"a":[1,"[[[\\"",{"b":null}]}', 'parsed'],
    [nested(JSON_BOUNDS.depth), 'parsed'],
    [nested(JSON_BOUNDS.depth + 1), 'limit_exceeded'],
    [nested(2_000_000), 'limit_exceeded'],
    ['{"a":'.repeat(300), 'limit_exceeded'],
    [`[${'0,'.repeat(JSON_BOUNDS.values)}0]`, 'limit_exceeded'],
    [`"${'['.repeat(1000)}"`, 'parsed'],
    [`${'{"a":'.repeat(JSON_BOUNDS.depth)}0${'}'.repeat(JSON_BOUNDS.depth)}`, 'parsed'],
    [`${'{"a":'.repeat(JSON_BOUNDS.depth + 1)}0${'}'.repeat(JSON_BOUNDS.depth + 1)}`, 'limit_exceeded'],
    [`[${'[],{},'.repeat(10_000)}0]`, 'parsed'],
    [`["\\"${'['.repeat(1000)}"]`, 'parsed'],
    [nested(200_000), 'limit_exceeded'],
    ['', 'SyntaxError'],
    ['"never closed [[[[', 'SyntaxError'],
    ['[1,]', 'SyntaxError'],
  ])('%.20s', (text, expected) => expect(code(() => parseBounded(text))).toBe(expected))

  it('of 20,000 levels is no Statement, and stops nobody', () => {
    const head = '{"_type":"https://in-toto.io/Statement/v1","predicateType":"x","subject":[],"predicate":'
    expect(readStatement(Buffer.from(`${head}${nested(20_000)}}`))).toBeUndefined()
    expect(readStatement(Buffer.from(`${head}${nested(100)}}`))?.predicateType).toBe('x')
  })
})

it('is quick on large and hostile text', () => {
  const before = process.threadCpuUsage()
  for (const text of ['['.repeat(30e6), `"${'\\"'.repeat(15e6)}`, `[${'[],'.repeat(10e6)}[]]`])
    expect(code(() => parseBounded(text))).not.toBe('parsed')
  expect(process.threadCpuUsage(before).user / 1000).toBeLessThan(8000)
})
