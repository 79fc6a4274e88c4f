/** The live page: a table without a script; with one, copies that turn from pending to `=` while a worker delivers. */
import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { Live } from '../../src/report/html/live.ts'
import { livePage } from '../../src/report/html/live.ts'
import { changesOf, liveEvents } from '../../src/serve/events.ts'
import { rowsOf } from '../../src/serve/page.ts'
import type { Delivery } from '../../src/truth/truth.ts'
import { describeWith } from '../servers/endpoints.ts'
import { openBrowser } from '../support/browser.ts'
import { PUBLIC_KEY } from '../support/runs.ts'
import { ask, provide, type Started, startService } from '../support/service.ts'
import { commit, drain, type TruthPlace, truthPlace } from '../support/truth-outputs.ts'

const RUN = 'prov:taskrun/b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9'

async function committed(...more: readonly string[]): Promise<{ readonly at: TruthPlace; readonly service: Started }> {
  const at = truthPlace()
  await commit(at)
  const service = await startService([
    ...at.storage,
    '--storage',
    'docdb,gcs',
    '--key',
    PUBLIC_KEY,
    ...at.truth,
    ...more,
  ])
  return { at, service }
}

describeWith(['chromium'], 'the page in a browser', () => {
  test('copies turn from pending to = while a worker delivers', async () => {
    const { at, service } = await committed()
    await using browser = await openBrowser()
    const page = await browser.open(`http://${service.address}/`)
    const chips = (): Promise<readonly string[]> =>
      page.evaluate(
        `[...document.querySelectorAll('#rows td')].map((cell) => cell.dataset.backend + ' ' + cell.textContent.trim())`,
      )
    await page.until(`document.getElementById('live').textContent.startsWith('live')`)
    expect((await chips()).filter((text) => text.startsWith('gcs'))).toEqual(['gcs … pending', 'gcs … pending'])
    await drain(at, '--storage', 'docdb')
    await page.until(
      `[...document.querySelectorAll('#rows td[data-backend=docdb] b')].every((sign) => sign.textContent === '=')`,
    )
    expect((await chips()).filter((text) => text.startsWith('gcs'))).toEqual(['gcs … pending', 'gcs … pending'])
    await drain(at, '--storage', 'gcs')
    await page.until(
      `[...document.querySelectorAll('#rows td[data-backend=gcs] b')].every((sign) => sign.textContent === '=')`,
    )
    expect(page.errors).toEqual([])
    expect(new Set(page.requests)).toEqual(new Set([`http://${service.address}/v1/events`]))
  })

  test('by keyboard: the copies, each artifact, and a button that holds the page still', async () => {
    const { service } = await committed()
    await using browser = await openBrowser()
    const page = await browser.open(`http://${service.address}/`)
    await page.until(`document.getElementById('live').textContent.startsWith('live')`)
    const focused = (): Promise<string> =>
      page.evaluate(`document.activeElement.id || document.activeElement.textContent`)
    await page.press('Tab')
    expect(await focused()).toBe('To the copies')
    await page.press('Tab')
    expect(await focused()).toBe('pause')
    await page.press('Enter')
    await page.until(`document.getElementById('live').textContent.startsWith('paused')`)
    expect(await page.evaluate(`document.getElementById('pause').getAttribute('aria-pressed')`)).toBe('true')
    await page.press('Tab')
    await page.press('Tab')
    expect(await focused()).toMatch(/^(?:prov:taskrun|oci:)/)
  })

  test("on a telephone's width nothing is cut off, and a verdict comes to it as well", async () => {
    const { service } = await committed()
    await using browser = await openBrowser()
    const page = await browser.open(`http://${service.address}/`, { width: 360, height: 640 })
    await page.until(`document.getElementById('live').textContent.startsWith('live')`)
    const image = `registry.example/acme/app@sha256:${'a'.repeat(64)}`
    await provide(service.address, '/verify', [image])
    await page.until(`document.getElementById('verdicts').textContent.includes('registry.example/acme/app')`)
    expect(await page.evaluate(`document.documentElement.scrollWidth <= document.documentElement.clientWidth`)).toBe(
      true,
    )
    expect(await page.evaluate(`getComputedStyle(document.querySelector('#rows td')).display`)).toBe('grid')
  })

  test('without a script it is a table', async () => {
    const { service } = await committed()
    await using browser = await openBrowser()
    const page = await browser.open(`http://${service.address}/`, { script: false })
    expect(page.requests).toEqual([])
    const { text } = await ask(service.address, '/')
    expect(text).toContain('<b>…</b> pending')
  })
})

describe('the page as text', () => {
  test('names each artifact, and lets nothing be loaded or framed', async () => {
    const { service } = await committed()
    const { text, headers } = await ask(service.address, '/')
    expect(text).toContain(`>${RUN}</a>`)
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/)
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(headers['cache-control']).toBe('no-store')
  })

  test('without a truth, or with serve.data off, it shows none, and the paths of the data are not there', async () => {
    const { service } = await committed('--set', 'serve.data=false')
    const { text } = await ask(service.address, '/')
    expect(text).not.toContain(RUN)
    expect(text).toContain('shows no source of truth')
    for (const path of [
      '/v1/outbox',
      '/v1/search?run=x',
      `/v1/artifacts/${encodeURIComponent(RUN)}`,
      '/v1/entries/x',
    ]) {
      expect((await ask(service.address, path)).status, path).toBe(404)
    }
  })

  test('another name than that of this machine is not from this machine', async () => {
    const { service } = await committed()
    for (const path of ['/', '/v1/events', '/v1/outbox']) {
      expect((await ask(service.address, path, { headers: { host: 'attacker.example' } })).status, path).toBe(403)
    }
  })

  test('what a store or a caller calls itself cannot become markup', () => {
    const chip = { sign: '=', word: 'stored', look: 'm-agrees' }
    const evil = '"><script>alert(1)</script>\u202e'
    const rows = [{ key: evil, artifact: evil, format: evil, chips: { [evil]: chip } }]
    const page = livePage(
      { version: '0', backends: [evil] },
      { rows, verdicts: [{ image: evil, verdict: evil, cached: true, at: evil }] },
    )
    expect(page).not.toContain('<script>alert')
    expect(page).not.toContain('\u202e')
  })
})

describe('the rows', () => {
  const delivery = (more: Partial<Delivery>): Delivery => ({
    ...{ id: 1, seq: 1, uri: 'prov:a', format: 'slsa/v1', target: 'oci', lane: 'oci', slotKey: 'x', required: true },
    ...{ state: 'done', entryState: 'good', due: 0, changed: 0, attempts: 0 },
    ...more,
  })

  test('of several places of a backend the one that needs attention is shown, and marks as signed are not copies', () => {
    const rows = rowsOf([
      delivery({}),
      delivery({ state: 'held' }),
      delivery({ target: 'gcs', entryState: 'quarantined' }),
      delivery({ target: 'seal', state: 'waiting' }),
    ])
    expect(rows).toHaveLength(1)
    expect(Object.entries(rows[0]?.chips ?? {}).map(([name, { word }]) => [name, word])).toEqual([
      ['oci', 'held'],
      ['gcs', 'does not verify'],
    ])
  })

  test('only what changed is told', () => {
    const before: Live = { rows: rowsOf([delivery({ state: 'pending' }), delivery({ uri: 'prov:b' })]), verdicts: [] }
    const after: Live = { rows: rowsOf([delivery({}), delivery({ uri: 'prov:b' })]), verdicts: [] }
    expect(changesOf(before, after)?.rows?.map(({ artifact }) => artifact)).toEqual(['prov:a'])
    expect(changesOf(after, after)).toBeUndefined()
    expect(changesOf(after, { ...after, trouble: 'x' })).toEqual({ trouble: 'x' })
  })
})

describe('the events', () => {
  test('as many listen as may, and who does not read is sent away', async () => {
    let count = 0
    const events = liveEvents({
      look: async () => ({ verdicts: [{ image: String(count++), verdict: 'verified', cached: false, at: '' }] }),
      everyMs: 1,
      sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
    })
    const askAs = (signal: AbortSignal) => ({ signal }) as Parameters<typeof events.answer>[0]
    const { signal } = new AbortController()
    const slow = (events.answer(askAs(signal)).body as AsyncIterable<string>)[Symbol.asyncIterator]()
    await slow.next()
    await new Promise((done) => setTimeout(done, 200))
    let read = 0
    while ((await slow.next()).done !== true) read++
    expect(read).toBeLessThanOrEqual(20)
    const all = Array.from({ length: 64 }, () => events.answer(askAs(signal)).body as AsyncIterable<string>)
    for (const body of all) await body[Symbol.asyncIterator]().next()
    expect(events.answer(askAs(signal)).status).toBe(503)
    events.close()
  })

  test('who asks for the head of it keeps no place', async () => {
    const { service } = await committed()
    for (let i = 0; i < 65; i++) {
      const { status, text } = await ask(service.address, '/v1/events', { method: 'HEAD' })
      expect({ status, text }).toEqual({ status: 200, text: '' })
    }
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const call = request(`http://${service.address}/v1/events`, (answer) => {
        resolve(answer.statusCode)
        answer.destroy()
      })
      call.on('error', reject)
      call.end()
    })
    expect(status).toBe(200)
  })

  test('a stream ends with the service', async () => {
    const { service } = await committed('--set', 'serve.drain=100ms')
    const ended = new Promise<string>((resolve, reject) => {
      const call = request(`http://${service.address}/v1/events`, (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => {
          text += chunk
        })
        answer.on('end', () => resolve(text))
      })
      call.on('error', reject)
      call.end()
    })
    await new Promise((done) => setTimeout(done, 300))
    expect(await service.stop()).toBe(0)
    const text = await ended
    expect(text).toMatch(/^retry: 3000\n\nevent: live\ndata: \{"rows":\[/)
    expect(text).toContain(RUN)
  })
})
