/** The HTML report in real headless Chromium. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { junit } from '../../../src/report/forms/junit.ts'
import { html } from '../../../src/report/html/report.ts'
import { describeWith } from '../../servers/endpoints.ts'
import { type Browser, openBrowser, type Page, type View } from '../../support/browser.ts'
import { scratch } from '../../support/scratch.ts'
import { everyMark, HOSTILE, many, type Scene, textOf } from './scene.ts'

/** Of 10,000 artifacts on a machine that does other things as well; a page that freezes takes far longer. */
const GENEROUS_MS = 15_000

describeWith(['chromium'], 'the HTML report in a browser', () => {
  let browser: Browser
  let every: Scene
  let small: string
  let big: string
  let nights: string

  beforeAll(async () => {
    browser = await openBrowser()
    every = withScope(await everyMark())
    const folder = scratch()
    const page = async (name: string, scene: Scene): Promise<string> => {
      writeFileSync(join(folder, name), await textOf(html, scene))
      return pathToFileURL(join(folder, name)).href
    }
    small = await page('small.html', every)
    big = await page('big.html', many(10_000))
    nights = await page('nights.html', many(1250))
  })
  afterAll(() => browser?.[Symbol.asyncDispose]())

  const names = (page: Page): Promise<readonly string[]> =>
    page.evaluate(`[...document.querySelectorAll('button.name')].map((b) => b.textContent)`)
  const status = (page: Page): Promise<string> => page.evaluate(`document.getElementById('status').textContent`)
  const open = async (url: string, view?: View): Promise<Page> => {
    const page = await browser.open(url, view)
    if (view?.script !== false) await page.until(`document.querySelector('button.name')`)
    return page
  }

  it('shows every artifact and mark as sign and word, gravest first, and asks nobody for anything', async () => {
    const page = await open(small)
    expect(await names(page)).toEqual([
      'ci/checkout-9fk2m',
      'ci/billing-jar-2hq7p',
      'ci/search-index-7tt1c',
      'ci/mailer-0p3xz',
      'ci/shop-api-x8d4q',
      'registry.example/shop-api-x8d4q',
    ])
    const cells = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('#rows tr')].map((r) => [...r.querySelectorAll('.chip')].map((c) => c.textContent).join(', '))`,
    )
    expect(cells).toContain('=, + absent, ~ equivalent, ! unreadable forgiven')
    expect(page.requests).toEqual([])
    expect(page.errors).toEqual([])
    expect(await page.evaluate('document.title')).toBe('prov verify: 4 of 6 artifacts need attention · 2 agree: runs/')
  })

  it('shows what hostile stores hold as text, in full detail', async () => {
    const page = await open(small)
    await page.evaluate(`for (const b of document.querySelectorAll('button.name')) b.click()`)
    const text = await page.evaluate<string>(`document.getElementById('rows').textContent`)
    expect(text).toContain(HOSTILE.slice(0, 60))
    expect(text).toContain('\\u202e\\u0007')
    for (const { rows } of every.artifacts) {
      for (const row of rows) {
        for (const fact of [row.entry, row.error?.message, row.error?.hint, row.location, ...(row.keyids ?? [])]) {
          if (fact !== undefined) expect(text).toContain(fact)
        }
      }
    }
    expect(await page.evaluate(`document.querySelectorAll('#rows img, #rows script').length`)).toBe(0)
    const diff = await page.evaluate<string>(`document.querySelector('.copy .diff th[scope=row] code').textContent`)
    expect(diff).toBe('/predicate/invocation/environment/labels/team')
    expect(await page.evaluate(`[...document.querySelectorAll('.diff mark')].some((m) => m.textContent === '␣')`)).toBe(
      true,
    )
    expect(page.errors).toEqual([])
  })

  it('cannot be made to run or load anything, even by a script of its own', async () => {
    const page = await open(small)
    await page.evaluate(
      `(() => { const s = document.createElement('img'); s.src = 'http://127.0.0.1:9/x'; document.body.append(s) })()`,
    )
    expect(
      await page.evaluate(
        `(() => { try { document.body.innerHTML = '<b>x</b>'; return 'set' } catch (e) { return e.name } })()`,
      ),
    ).toBe('TypeError')
    await page.until('true')
    expect(page.errors.join()).toContain('Content Security Policy')
  })

  it('is worked by keyboard alone', async () => {
    const page = await open(small)
    await page.press('/')
    await page.type('mailer')
    await page.until(`document.querySelectorAll('button.name').length === 1`)
    expect(await status(page)).toBe('1 of 6 artifacts')
    const focused = `document.activeElement`
    for (let i = 0; i < 20 && !(await page.evaluate<boolean>(`${focused}.className === 'name'`)); i++)
      await page.press('Tab')
    expect(await page.evaluate(`${focused}.textContent`)).toBe('ci/mailer-0p3xz')
    expect(await page.evaluate(`getComputedStyle(${focused}).outlineStyle`)).toBe('solid')
    await page.press('Enter')
    expect(await page.evaluate(`${focused}.getAttribute('aria-expanded')`)).toBe('true')
    expect(await page.evaluate(`document.querySelector('.detail').textContent`)).toContain(
      'not one copy was found and verified',
    )
    await page.press('Enter')
    expect(await page.evaluate(`document.querySelector('.detail')`)).toBe(null)

    await page.evaluate(`document.getElementById('reset').click()`)
    await page.evaluate(`document.querySelector('button.name').focus()`)
    await page.press('ArrowDown')
    await page.press('ArrowDown')
    await page.press('ArrowUp')
    expect(await page.evaluate(`${focused}.textContent`)).toBe('ci/billing-jar-2hq7p')
    await page.evaluate(`document.querySelector('[data-mark="~"]').focus()`)
    await page.press(' ')
    expect(await names(page)).toEqual(['ci/checkout-9fk2m', 'ci/search-index-7tt1c'])
    expect(await page.evaluate(`${focused}.getAttribute('aria-pressed')`)).toBe('true')
  })

  it('filters by mark, backend, kind and findings, and sorts with aria-sort', async () => {
    const page = await open(small)
    const choose = (id: string, value: string): Promise<void> =>
      page.evaluate(
        `(() => { const s = document.getElementById('${id}'); s.value = '${value}'; s.dispatchEvent(new Event('change')) })()`,
      )
    await choose('kind', 'raw')
    expect(await names(page)).toEqual(['registry.example/shop-api-x8d4q'])
    await choose('kind', '')
    await page.evaluate(`document.querySelector('[data-mark="+"]').click()`)
    expect(await status(page)).toBe('2 of 6 artifacts')
    await choose('backend', 'tekton')
    expect(await names(page)).toEqual(['ci/mailer-0p3xz'])
    await page.evaluate(`document.getElementById('reset').click()`)
    await page.evaluate(`document.getElementById('findings').click()`)
    expect(await status(page)).toBe('4 of 6 artifacts')
    await page.evaluate(`document.querySelector('[data-sort="name"]').click()`)
    expect(await names(page)).toEqual([
      'ci/billing-jar-2hq7p',
      'ci/checkout-9fk2m',
      'ci/mailer-0p3xz',
      'ci/search-index-7tt1c',
    ])
    const sorts = `[...document.querySelectorAll('#matrix thead th')].map((th) => th.getAttribute('aria-sort'))`
    expect(await page.evaluate(sorts)).toEqual(['ascending', 'none', 'none', 'none', 'none', 'none'])
    await page.evaluate(
      `document.getElementById('text').value = 'no such thing'; document.getElementById('text').dispatchEvent(new Event('input'))`,
    )
    await page.until(`document.getElementById('status').textContent === '0 of 6 artifacts'`)
    expect(await page.evaluate(`document.getElementById('rows').textContent`)).toBe('No artifact fits these filters.')
  })

  it('is quick with 10,000 artifacts', async () => {
    const began = performance.now()
    const page = await open(big)
    expect(performance.now() - began).toBeLessThan(GENEROUS_MS)
    expect(await status(page)).toBe('10,000 artifacts')
    const filtering = await page.evaluate<number>(`(async () => {
      const began = performance.now()
      document.getElementById('text').value = 'build-7'
      document.getElementById('text').dispatchEvent(new Event('input'))
      while (document.getElementById('status').textContent === '10,000 artifacts') await new Promise(requestAnimationFrame)
      return performance.now() - began
    })()`)
    expect(filtering).toBeLessThan(GENEROUS_MS)
    await page.evaluate(`document.getElementById('reset').click()`)
    const drawn = `document.querySelectorAll('button.name').length`
    const first = await page.evaluate<number>(drawn)
    expect(first).toBeLessThan(1000)
    await page.evaluate(`document.getElementById('more').scrollIntoView()`)
    await page.until(`${drawn} > ${first}`)
    const toggled = await page.evaluate<number>(`(() => {
      const began = performance.now()
      document.querySelector('[data-mark="="]').click()
      document.querySelector('[data-mark="="]').click()
      document.querySelector('[data-sort="1"]').click()
      return performance.now() - began
    })()`)
    expect(toggled).toBeLessThan(GENEROUS_MS)
  })

  it('the heat map shows at once where it is not well, and a click opens that artifact', async () => {
    const page = await open(nights)
    const lanes = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('svg.heat')].map((lane) => lane.getAttribute('aria-label'))`,
    )
    expect(lanes).toEqual([
      'tekton: nothing needs attention',
      'oci: 25 of 1250 need attention',
      'docdb: nothing needs attention',
      's3: nothing needs attention',
    ])
    const bad = `[...document.querySelectorAll('svg.heat')[1].querySelectorAll('rect:not(.m-agrees)')]`
    expect(await page.evaluate(`${bad}.length`)).toBe(25)
    expect(await page.evaluate(`Math.min(...${bad}.map((r) => r.getBoundingClientRect().width))`)).toBeGreaterThan(2)
    const { x, y } = await page.evaluate<{ x: number; y: number }>(
      `(() => { const r = ${bad}.find((r) => r.matches('.m-invalid')).getBoundingClientRect(); return { x: r.x + r.width / 2, y: r.y + 5 } })()`,
    )
    for (const type of ['mousePressed', 'mouseReleased'])
      await page.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 })
    expect(await status(page)).toBe('1 of 1,250 artifacts')
    expect(await page.evaluate(`document.querySelector('#rows .verdict').textContent`)).toBe(
      'signature not validsignature_invalid',
    )
    expect(await page.evaluate(`document.querySelectorAll('.detail').length`)).toBe(1)
    await page.evaluate(`document.getElementById('heat-all').click()`)
    expect(await status(page)).toBe('1,250 artifacts')
    expect(page.errors).toEqual([])
  })

  it('an opened row has the bad copy first, then the repair to copy, and what was built', async () => {
    const page = await open(small)
    await page.evaluate(`document.querySelector('button.name').click()`)
    const parts = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('.details > *')].map((part) => part.querySelector('h4, code').textContent)`,
    )
    expect(parts[0]).toMatch(/^# invalid tekton/)
    expect(parts[1]).toMatch(/^prov repair --storage tekton,oci,docdb,s3 runs\/ --run [0-9a-f-]{36}$/)
    expect(parts.at(-2)).toBe('What was built')
    expect(await page.evaluate(`document.querySelector('.details').textContent`)).toContain('https://builder.example')
    await page.evaluate(`document.querySelectorAll('button.name')[1].click()`)
    const first = `document.querySelectorAll('.details')[1].querySelector('.copy:has(.diff)').children`
    expect(await page.evaluate(`[${first}[0].tagName, ${first}[1].tagName].join()`)).toBe('H4,TABLE')
    await page.evaluate(`document.querySelector('.copy-command').click()`)
    await page.until(`document.querySelector('.copy-command').textContent !== 'Copy'`)
  })

  it('on paper, the first page is a summary', async () => {
    const page = await open(nights)
    await page.send('Emulation.setEmulatedMedia', { media: 'print' })
    const style = (of: string, what: string): Promise<string> =>
      page.evaluate(`getComputedStyle(document.querySelector('${of}')).${what}`)
    expect(await style('.summary', 'breakAfter')).toBe('page')
    expect(await style('.paper', 'display')).toBe('block')
    expect(await page.evaluate(`document.querySelectorAll('.paper li').length`)).toBe(12)
    await page.send('Emulation.setDeviceMetricsOverride', {
      width: 718,
      height: 1000,
      deviceScaleFactor: 1,
      mobile: false,
    })
    expect(await page.evaluate(`document.querySelector('.summary').getBoundingClientRect().height`)).toBeLessThan(1000)
    expect(await page.evaluate(`document.documentElement.scrollWidth`)).toBeLessThanOrEqual(718)
  })

  it('shows more rows by a button, and goes on from there', async () => {
    const page = await open(big, { height: 300 })
    const before = await page.evaluate<number>(`document.querySelectorAll('button.name').length`)
    await page.evaluate(`document.getElementById('more').click()`)
    expect(await page.evaluate(`[...document.querySelectorAll('button.name')].indexOf(document.activeElement)`)).toBe(
      before,
    )
  })

  it('prints every row that the filters leave, and the details of what counts', async () => {
    const page = await open(small)
    expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-')
    await page.evaluate(`dispatchEvent(new Event('beforeprint'))`)
    await page.send('Emulation.setEmulatedMedia', { media: 'print' })
    expect(await page.evaluate(`document.querySelectorAll('.detail').length`)).toBe(4)
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.filters')).display`)).toBe('none')
    await page.evaluate(`dispatchEvent(new Event('afterprint'))`)
    expect(await page.evaluate(`document.querySelectorAll('.detail').length`)).toBe(0)
    const large = await open(big)
    await large.evaluate(`dispatchEvent(new Event('beforeprint'))`)
    expect(await large.evaluate(`document.querySelectorAll('button.name').length`)).toBe(10_000)
  })

  it.each([false, true])('is legible (dark: %s): text has the contrast that WCAG asks for', async (dark) => {
    const page = await open(small, { dark })
    await page.evaluate(`for (const b of document.querySelectorAll('button.name')) b.click()`)
    const faint = await page.evaluate<readonly string[]>(`(() => {
      const rgb = (c) => (c.match(/[\\d.]+/g) || []).map(Number)
      const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0)
      const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c } return [255, 255, 255] }
      const faint = []
      for (const e of document.querySelectorAll('main *')) {
        if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility() || e.closest('.zero')) continue
        const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))]
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
        if (ratio < 4.5) faint.push(e.className + ' ' + e.textContent.slice(0, 20) + ' ' + ratio.toFixed(2))
      }
      return [...new Set(faint)]
    })()`)
    expect(faint).toEqual([])
    expect(await page.evaluate(`getComputedStyle(document.body).backgroundColor`)).toBe(
      dark ? 'rgb(20, 22, 26)' : 'rgb(251, 251, 250)',
    )
  })

  it('fits a narrow screen', async () => {
    const page = await open(small, { width: 360, height: 700 })
    await page.evaluate(`for (const b of document.querySelectorAll('button.name')) b.click()`)
    expect(await page.evaluate(`document.documentElement.scrollWidth`)).toBe(360)
  })

  it('is a table without a script', async () => {
    const page = await open(small, { script: false })
    const { root } = await page.send('DOM.getDocument', { depth: -1 })
    const { nodeId } = root as { readonly nodeId: number }
    const { outerHTML } = await page.send('DOM.getOuterHTML', { nodeId })
    expect(String(outerHTML)).toMatch(/<noscript><section>.*<table class="matrix">/)
    const size = await page.send('Page.getLayoutMetrics')
    expect((size['cssContentSize'] as { readonly height: number }).height).toBeGreaterThan(900)
    expect(page.errors).toEqual([])
  })

  it('reads the JUnit report as XML', async () => {
    const page = await browser.open('about:blank')
    const xml = JSON.stringify(await textOf(junit, every))
    await page.evaluate(`globalThis.xml = new DOMParser().parseFromString(${xml}, 'application/xml')`)
    expect(await page.evaluate(`xml.querySelectorAll('parsererror').length`)).toBe(0)
    expect(await page.evaluate(`xml.querySelectorAll('testcase').length`)).toBeGreaterThan(24)
    expect(await page.evaluate(`xml.documentElement.textContent`)).toContain(HOSTILE.slice(0, 60))
  })
})

/** As the command line gives it: what was verified, how it is repaired, and what was built. */
function withScope(scene: Scene): Scene {
  const repair = { command: 'prov repair --storage tekton,oci,docdb,s3 runs/', narrow: '--run' }
  const built = { builder: 'https://builder.example/v1', source: 'git+https://git.example/shop@0123456789abcdef' }
  return {
    ...scene,
    head: { ...scene.head, scope: 'runs/', repair },
    artifacts: scene.artifacts.map((one) => ({ ...one, built })),
  }
}
