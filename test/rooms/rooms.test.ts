/** The rules of who may import whom are red for what they forbid, in each direction, and the sources keep them. */
import { describe, expect, test } from 'vitest'
import { broken, circles, forbidden, importsOf, readSources } from './check.ts'
import { FLOORS } from './rules.ts'

test('the sources keep the rules, and are looked at', () => {
  const sources = readSources('.')
  expect(sources.size).toBeGreaterThan(300)
  expect(broken(sources)).toEqual([])
})

test('every room is on the floor plan once', () => {
  const all = FLOORS.flat()
  expect(new Set(all).size).toBe(all.length)
})

describe('forbidden', () => {
  test.each(
    FLOORS.flatMap((rooms, floor) =>
      (FLOORS[floor + 1] ?? []).map((above) => [
        `src/${rooms[0]}/a.ts`,
        `src/${above}/b.ts`,
        `${above} stands above ${rooms[0]}`,
      ]),
    ),
  )('%s imports %s', (from = '', to = '', why) => expect(forbidden(from, to)).toBe(why))

  test.each([
    ['src/store/a.ts', 'src/migrate/b.ts', /neighbours/],
    ['src/config/a.ts', 'src/formats/b.ts', /neighbours/],
    ['src/store/a.ts', 'src/attic/b.ts', /not a room/],
    ['src/attic/a.ts', 'src/errors.ts', /not a room/],
    ['src/verify/a.ts', 'backends/oci/backend.ts', /through backends\/index/],
    ['src/cli/main.ts', 'backends/index.ts', /only src\/setup/],
    ['backends/oci/a.ts', 'backends/gcs/b.ts', /oci may not see the backend gcs/],
    ['backends/objects/a.ts', 'backends/gcs/b.ts', /objects may not see the backend gcs/],
    ['backends/shared/a.ts', 'backends/oci/b.ts', /shared may not see the backend oci/],
    ['backends/oci/a.ts', 'backends/rows.ts', /oci may not see the backend rows/],
    ['src/setup/a.ts', 'backends/rows.ts', /through backends\/index/],
    ['src/setup/a.ts', 'backends/oci/row.ts', /through backends\/index/],
    ['backends/oci/a.ts', 'src/kubernetes/b.ts', /not kubernetes/],
    ['backends/oci/a.ts', 'src/trust/b.ts', /not trust/],
    ['src/store/a.ts', 'commander', /commander may not be imported here/],
    ['src/verify/a.ts', 'p-limit', /p-limit may not be imported here/],
    ['src/copies/a.ts', '@noble/curves/p256', /@noble/],
    ['src/setup/a.ts', 'mongodb', /mongodb/],
    ['src/verify/a.ts', 'left-pad', /not in the table of packages/],
  ])('%s imports %s', (from, to, why) => expect(forbidden(from, to)).toMatch(why))
})

test.each([
  ['src/cli/a.ts', 'src/errors.ts'],
  ['src/setup/a.ts', 'backends/index.ts'],
  ['src/cli/commands/completion/command.ts', 'backends/index.ts'],
  ['backends/rows.ts', 'backends/gcs/b.ts'],
  ['backends/gcs/a.ts', 'backends/objects/b.ts'],
  ['backends/kafka/a.ts', 'backends/pubsub/b.ts'],
  ['backends/tekton/a.ts', 'src/kubernetes/b.ts'],
  ['backends/oci/tags/a.ts', 'backends/oci/b.ts'],
  ['src/store/a.ts', 'node:fs'],
])('%s may import %s', (from, to) => expect(forbidden(from, to)).toBeUndefined())

test('types and lazy imports count; comments do not', () => {
  const text = `
import type { A } from './a.ts'
export { b } from '../b.ts'
const c = await import('./c.ts')
let d: typeof import('./d.ts')
// import './e.ts'
/** import { f } from './f.ts' */
`
  expect(importsOf('src/store/x.ts', text)).toEqual(['src/store/a.ts', 'src/b.ts', 'src/store/c.ts', 'src/store/d.ts'])
})

test('a circle is found, of types alone as well', () => {
  const sources = new Map([
    ['src/store/a.ts', "import { b } from './b.ts'"],
    ['src/store/b.ts', "import type { c } from './c.ts'"],
    ['src/store/c.ts', "const a = () => import('./a.ts')"],
    ['src/store/d.ts', "import './a.ts'"],
  ])
  expect(circles(sources)).toEqual([['src/store/a.ts', 'src/store/b.ts', 'src/store/c.ts', 'src/store/a.ts']])
  expect(broken(sources)).toEqual(['circle: src/store/a.ts → src/store/b.ts → src/store/c.ts → src/store/a.ts'])
})
