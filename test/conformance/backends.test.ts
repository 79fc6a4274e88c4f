import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BACKENDS, isBackend, openBackend } from '../../backends/index.ts'
import { testContext } from '../support/context.ts'
import { GAPS } from './gaps.ts'
import { LINES } from './lines.ts'

/** Those that need no setting to be opened. */
const EMBEDDED = ['tekton', 'oci', 's3', 'archivista', 'grafeas', 'pubsub', 'kafka', 'memory']

test('a backend opens under its name, and costs no connection', async () => {
  for (const [name, { summary }] of Object.entries(BACKENDS)) {
    if (!EMBEDDED.includes(name)) continue
    const backend = await openBackend(name, testContext())
    expect(backend.name).toBe(name)
    expect(summary.length).toBeGreaterThan(20)
    await backend.close()
    await backend.close()
  }
})

test('a slip is refused with the nearest name, nonsense with all names', async () => {
  const refusal = (name: string) => openBackend(name, testContext()).catch((error: unknown) => error)
  expect(await refusal('tketon')).toMatchObject({ code: 'backend_unknown', hint: 'did you mean tekton?' })
  expect(await refusal('OCI')).toMatchObject({ code: 'backend_unknown', hint: 'did you mean oci?' })
  expect(await refusal('nowhere-near')).toMatchObject({
    code: 'backend_unknown',
    hint: expect.stringMatching(/^the backends are tekton, oci/),
  })
  for (const name of ['__proto__', 'constructor', '']) expect(isBackend(name)).toBe(false)
})

test('the core compares no backend by name', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.startsWith('commands'),
  )
  for (const file of files) {
    expect(readFileSync(`src/${file}`, 'utf8'), file).not.toMatch(
      /(?:backend|name)\s*[!=]==\s*'(?:tekton|oci|memory|docdb|gcs|s3|archivista|grafeas|pubsub|kafka)'/,
    )
  }
})

test('every known gap has a reason in words, and names a line once', () => {
  for (const [name, gaps] of Object.entries(GAPS)) {
    const seen = gaps.map((gap) => `${gap.line} ${'kind' in gap ? gap.kind : ''}`)
    expect(new Set(seen).size, name).toBe(seen.length)
    for (const gap of gaps) {
      expect(LINES[gap.line]).toBeTruthy()
      expect(gap.reason.length).toBeGreaterThan(20)
    }
  }
})
