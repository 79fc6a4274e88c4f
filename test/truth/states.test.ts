/** States, waits and what is kept of a run: the pure parts. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { formatNamed } from '../../src/formats/index.ts'
import { LONGEST_WAIT_MS, pauseAfter, waitAfter } from '../../src/truth/due.ts'
import { aboutOf, keptAbout } from '../../src/truth/kept.ts'
import { OPEN, STATES, statesBefore, TRANSITIONS } from '../../src/truth/states.ts'
import { aboutRun, FORMAT_OPTIONS, taskRun } from '../support/makers.ts'

describe('states', () => {
  it('can all be reached, and those that are open can be left', () => {
    const reached = new Set(TRANSITIONS.map(({ to }) => to))
    expect([...reached].sort()).toEqual(Object.keys(STATES).sort())
    for (const state of OPEN) expect(TRANSITIONS.some(({ from }) => from === state)).toBe(true)
  })

  it('are left for the same only by who may', () => {
    expect(statesBefore('done', 'worker')).toEqual(['pending'])
    expect(statesBefore('dropped', 'operator')).not.toContain('done')
    expect(statesBefore('done', 'operator')).toEqual([])
    const keys = TRANSITIONS.map(({ from, to, who }) => `${from} ${to} ${who}`)
    expect(new Set(keys).size).toBe(keys.length)
  })
})

test.each([
  [1, 0, 0, 1000],
  [2, 0, 0, 2000],
  [3, 0.5, 0, 3000],
  [11, 0, 0, LONGEST_WAIT_MS],
  [1e9, 0.99, 0, LONGEST_WAIT_MS * 0.505],
  [1, 0, 30_000, 30_000],
  [1, 0, 1e12, LONGEST_WAIT_MS],
  [0, 0, 0, 1000],
])('after %d attempts, chance %d, asked for %d ms: %d ms', (attempts, chance, retryAfterMs, expected) => {
  expect(waitAfter(attempts, { chance, retryAfterMs })).toBe(expected)
})

test.each([
  [4, 0],
  [5, 1000],
  [6, 2000],
  [11, 60_000],
  [1e6, 60_000],
])('a lane pauses after %d failures for %d ms', (failures, expected) => {
  expect(pauseAfter(failures, { chance: 0 })).toBe(expected)
})

describe('what is kept of a run', () => {
  const run = taskRun('a')
  const secretive = {
    ...run,
    object: {
      ...run.object,
      metadata: {
        ...(run.object['metadata'] as object),
        managedFields: [{ manager: 'kubectl' }],
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"hush":1}', keep: 'me' },
      },
      status: {
        ...(run.object['status'] as object),
        taskSpec: {
          steps: [
            {
              name: 's',
              image: 'i',
              env: [
                { name: 'TOKEN', value: 'hush' },
                { name: 'R', value: 'hush$(tasks.a.results.b)' },
              ],
            },
          ],
        },
      },
    },
  }

  it('has neither managed fields nor the last applied configuration nor values of variables', () => {
    const back = JSON.stringify(aboutOf(keptAbout(aboutRun(secretive))))
    expect(back).not.toMatch(/hush|managedFields|last-applied/)
    expect(back).toMatch(/"keep":"me"/)
    expect(back).toContain('{"name":"R","value":"$(tasks.a.results.b)"}')
  })

  const folder = join(import.meta.dirname, '../../fixtures')
  const fixtures = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /runs?\/[^/]+\.json$/.test(name),
  )
  it.each(['slsa/v1', 'slsa/v2alpha3', 'slsa/v2alpha4'])('gives the same payload as the whole run: %s', (name) => {
    const format = formatNamed(name)
    const objects = [secretive.object, ...fixtures.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))]
    for (const object of objects) {
      const whole = { ...run, object }
      const { artifact } = aboutOf(keptAbout(aboutRun(whole)))
      expect(Buffer.from(format.payload(artifact, FORMAT_OPTIONS)).toString()).toBe(
        Buffer.from(format.payload(whole, FORMAT_OPTIONS)).toString(),
      )
    }
  })
})
