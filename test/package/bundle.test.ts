import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Headers as Ours } from '../../backends/oci/registry/node-fetch.ts'
import { prov, ROOT } from '../support/cli.ts'

const dist = join(ROOT, 'dist')
const chunks = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'))

describe('the bundle', () => {
  it('imports no built-in as an ES module', () => {
    const builtin = /(?:^|;)import\b[^;]*?from ?"(node:[\w/]+|fs|http|crypto|os|path|util|zlib|stream|url)";/m
    expect(chunks).toContain('cli.js')
    expect(chunks.filter((name) => builtin.test(readFileSync(join(dist, name), 'utf8')))).toEqual([])
  })

  it('requires nothing but the optional parts of the SDKs, which are left out', () => {
    const asked = chunks.flatMap((name) => {
      const calls = readFileSync(join(dist, name), 'utf8').matchAll(/__require\(["']([^"']+)["']\)/g)
      return [...calls].map((call) => call[1])
    })
    expect([...new Set(asked)].sort()).toEqual([
      '@aws-sdk/credential-providers',
      '@mongodb-js/zstd',
      'gcp-metadata',
      'kerberos',
      'mongodb-client-encryption',
      'pg-native',
      'snappy',
      'socks',
      'supports-color',
    ])
  })

  it('loads nothing of a backend to print help', async () => {
    const { code, stderr } = await prov(['--help'], { env: { NODE_DEBUG: 'esm', NODE_DISABLE_COMPILE_CACHE: '1' } })
    expect(code).toBe(0)
    expect(stderr).toContain('dist/cli.js')
    expect(stderr).not.toMatch(/chunks\/(backend|run-|ecdsa|yaml)/)
  })
})

describe("the stand-in for node-fetch's Headers", () => {
  it('does what the real ones do, for what is asked of it', () => {
    const say = (headers: Ours | Headers): unknown => {
      headers.append('Accept', 'a')
      headers.append('accept', 'b')
      headers.set('X-Gone', '1')
      headers.delete('x-gone')
      headers.set('Authorization', 'Basic x')
      const each: string[] = []
      headers.forEach((value, name) => {
        each.push(`${name}: ${value}`)
      })
      return {
        each: each.sort(),
        accept: headers.get('ACCEPT'),
        none: headers.get('x-gone'),
        has: headers.has('authorization'),
        all: [...headers].sort(),
      }
    }
    expect(say(new Ours({ From: 'me' }))).toEqual(say(new Headers({ From: 'me' })))
    expect(say(new Ours(new Ours({ From: 'me' })))).toEqual(say(new Headers({ From: 'me' })))
  })
})
