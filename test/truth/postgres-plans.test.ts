/** Which statements PostgreSQL is asked to keep a plan of, and what becomes of one whose name is refused. */
import { describe, expect, it } from 'vitest'
import { type NamedStatement, planOnce } from '../../src/truth/postgres-plans.ts'
import type { Query } from '../../src/truth/sql.ts'

/** A server that refuses names with this SQLSTATE, or with none. */
function server(refusal?: string): { readonly query: Query; readonly run: NamedStatement[] } {
  const run: NamedStatement[] = []
  const query = planOnce(async (statement) => {
    run.push(statement)
    if (refusal !== undefined && statement.name !== undefined)
      throw Object.assign(new Error('refused'), { code: refusal })
    return [{ ran: statement.text }]
  })
  return { query, run }
}

describe('a statement that comes again', () => {
  it('has a name from the second time on, the same for the same text', async () => {
    const { query, run } = server()
    for (const value of [1, 2, 3]) await query('a', [value])
    await query('b')
    await query('b')
    const name = expect.stringMatching(/^prov_[0-9a-f]{32}$/)
    expect(run).toEqual([
      { text: 'a', values: [1] },
      { text: 'a', values: [2], name },
      { text: 'a', values: [3], name },
      { text: 'b', values: [] },
      { text: 'b', values: [], name },
    ])
    expect(run[1]?.name).toBe(run[2]?.name)
    expect(run[1]?.name).not.toBe(run[4]?.name)
  })

  it('is one of a bounded number that have a name', async () => {
    const { query, run } = server()
    for (let round = 0; round < 3; round++) for (let text = 0; text < 50; text++) await query(`statement ${text}`)
    expect(new Set(run.flatMap(({ name }) => name ?? [])).size).toBe(20)
  })

  it.each(['26000', '42P05', '0A000'])(
    'whose name is refused (%s) runs without one, and no other has one any more',
    async (code) => {
      const { query, run } = server(code)
      for (const text of ['a', 'b']) await query(text)
      expect(await query('a', [1])).toEqual([{ ran: 'a' }])
      expect(await query('b', [2])).toEqual([{ ran: 'b' }])
      expect(run.map(({ text, name }) => [text, name !== undefined])).toEqual([
        ['a', false],
        ['b', false],
        ['a', true],
        ['a', false],
        ['b', false],
      ])
    },
  )

  it('that fails for another reason is not run twice', async () => {
    const { query, run } = server('23505')
    await query('a')
    await expect(query('a')).rejects.toMatchObject({ code: '23505' })
    expect(run).toHaveLength(2)
  })
})
