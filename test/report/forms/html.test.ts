/** The page as text: what it may do, and that nothing in it breaks out. How it behaves is browser.test.ts. */
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { embeddedJson, markup } from '../../../src/report/html/markup.ts'
import { html } from '../../../src/report/html/report.ts'
import { everyMark, many, sceneOf, textOf } from './scene.ts'

let page: string
beforeAll(async () => {
  page = await textOf(html, await everyMark())
})

const elements = (name: string): readonly string[] =>
  [...page.matchAll(new RegExp(`<${name}( [^>]*)?>([\\s\\S]*?)</${name}>`, 'g'))].map((found) => found[2] ?? '')

describe('the page', () => {
  it('allows its own style and script by their hashes, and nothing else', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? ''
    const hash = (text = ''): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `style-src ${hash(elements('style')[0])}`,
      `script-src ${hash(elements('script')[1])}`,
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
    ])
    expect(elements('script')).toHaveLength(2)
    expect(page.replace(/(<script type="application\/json"[^>]*>).*/, '$1')).not.toMatch(
      /<(link|img|iframe|object|embed|base)\b|\s(href|src)="(?!#)|\son[a-z]+=|\sstyle=|url\(|@import/,
    )
  })

  it('has hostile text as text only', () => {
    expect(page).toContain('\\u003c/script\\u003e\\u003cimg')
    expect(page.match(/<\/script>/g)).toHaveLength(2)
    for (const sign of ['\u202e', '\u0007', '\ud800']) expect(page.includes(sign)).toBe(false)
  })

  it('says verdict, keys, version and time without a script', () => {
    for (const text of [
      'exit 3',
      'SHA256:iYhl',
      'prov 0.1.0',
      '2026-11-25 09:30:04 UTC',
      'optional: s3',
      'names no image',
    ]) {
      expect(page.replace(/<script[\s\S]*/, '')).toContain(text)
    }
    expect(elements('noscript')[0]).toMatch(/<th scope="row">TaskRun ci\/mailer-0p3xz .*missing: absent/)
  })

  it('has its headline in numbers, words in place of exit numbers, and the notes at the end', () => {
    expect(page).toContain('<h1>4 of 6 artifacts need attention · 2 agree</h1>')
    expect(page).toContain('<span class="exit">a copy does not verify</span>')
    expect(page).toMatch(/<section aria-labelledby="h-notes">[\s\S]*names no image[\s\S]*<\/section>\s*<\/main>/)
  })

  it('keeps the plain table short, with what counts first', async () => {
    const big = await textOf(html, many(3000))
    const plain = /<noscript>[\s\S]*<\/noscript>/.exec(big)?.[0] ?? ''
    expect(plain.match(/<th scope="row">/g)).toHaveLength(2000)
    expect(plain.match(/>[a-z ]+: [a-z_]+<\/td>/g)).toHaveLength(60)
    expect(plain).toContain('and 1000 more')
  })

  it('is whole without any artifact', async () => {
    expect(await textOf(html, sceneOf([]))).toContain('0 artifacts')
  })
})

it('a template escapes what is put into it', () => {
  expect(markup`<p title="${'"><b>'}">${"&'"}${markup`<i>${1}</i>`}</p>`.markup).toBe(
    '<p title="&quot;&gt;&lt;b&gt;">&amp;&#39;<i>1</i></p>',
  )
  expect(JSON.parse(embeddedJson({ a: '</script><!--\u2028&' }))).toEqual({ a: '</script><!--\u2028&' })
  expect(embeddedJson({ a: '</script><!--\u2028&' })).not.toMatch(/[<>&\u2028]/)
})
