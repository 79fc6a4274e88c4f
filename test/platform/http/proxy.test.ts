import { expect, test } from 'vitest'
import { proxyFor, readProxy } from '../../../src/platform/http/proxy.ts'

const PROXY = 'http://proxy.example:3128'

function via(url: string, env: Readonly<Record<string, string>>): string {
  const choice = proxyFor(new URL(url), env)
  return choice.kind === 'proxy' ? choice.url.href : choice.kind
}

const straight = (url: string, noProxy: string): boolean =>
  via(url, { HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, NO_PROXY: noProxy }) === 'straight'

test.each([
  ['10.0.0.0/8', 'https://10.1.2.3:6443/'],
  ['10.0.0.0/8', 'http://10.1.2.3/'],
  ['192.168.7.0/24', 'https://192.168.7.200/'],
  ['fd00::/8', 'https://[fd12::1]:6443/'],
  ['10.0.0.0/8', 'https://[::ffff:10.1.2.3]/'],
  ['10.1.2.3', 'https://10.1.2.3:6443/'],
  ['10.1.2.3:6443', 'https://10.1.2.3:6443/'],
  ['[fd12::1]:6443', 'https://[fd12::1]:6443/'],
  ['fd12::1', 'https://[fd12:0:0::1]/'],
  ['example.test', 'https://example.test/'],
  ['example.test', 'https://reg.example.test:6611/'],
  ['EXAMPLE.test', 'https://Reg.Example.TEST/'],
  ['example.test:443', 'https://reg.example.test/'],
  ['.example.test', 'https://a.b.example.test/'],
  ['*.example.test', 'https://a.example.test/'],
  ['.svc,.cluster.local', 'https://kubernetes.default.svc/'],
  ['a.test, 10.0.0.0/8 , .svc', 'https://10.9.9.9/'],
  ['a.test b.test', 'https://b.test/'],
  ['example.test.', 'https://example.test/'],
  ['example.test', 'https://example.test./'],
  ['*', 'https://anything.test/'],
  ['a.test,*', 'https://anything.test/'],
])('NO_PROXY=%s: %s goes straight', (noProxy, url) => {
  expect(straight(url, noProxy)).toBe(true)
})

test.each([
  ['10.0.0.0/8', 'https://11.1.2.3/'],
  ['10.0.0.0/8', 'https://10.example.test/'],
  ['10.0.0.0/40', 'https://10.1.2.3/'],
  ['10.0.0.0/x', 'https://10.1.2.3/'],
  ['192.168.7.0/24', 'https://192.168.8.1/'],
  ['10.1.2.3:6443', 'https://10.1.2.3/'],
  ['1.2.3', 'https://10.1.2.3/'],
  ['example.test', 'https://notexample.test/'],
  ['example.test', 'https://example.test.evil.test/'],
  ['.example.test', 'https://example.test/'],
  ['example.test:8443', 'https://example.test/'],
  ['', 'https://example.test/'],
  [' , ,', 'https://example.test/'],
  [':80', 'http://example.test/'],
])('NO_PROXY=%j: %s goes through the proxy', (noProxy, url) => {
  expect(straight(url, noProxy)).toBe(false)
})

test('this machine is never asked through a proxy', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9:5000', '[::1]', 'x.localhost', '2130706433']) {
    expect(via(`http://${host}/`, { HTTP_PROXY: PROXY })).toBe('straight')
  }
})

test('which variable counts', () => {
  const https = 'https://r.test/'
  const http = 'http://r.test/'
  expect(via(https, { HTTPS_PROXY: 'http://a', HTTP_PROXY: 'http://b' })).toBe('http://a/')
  expect(via(http, { HTTPS_PROXY: 'http://a', HTTP_PROXY: 'http://b' })).toBe('http://b/')
  expect(via(https, { HTTP_PROXY: 'http://b' })).toBe('straight')
  expect(via(https, { https_proxy: 'http://a' })).toBe('http://a/')
  expect(via(https, { Https_Proxy: 'http://a' })).toBe('http://a/')
  expect(via(https, { HTTPS_PROXY: '', https_proxy: 'http://a' })).toBe('http://a/')
  expect(via(https, { HTTPS_PROXY: 'http://up', https_proxy: 'http://low' })).toBe('http://up/')
  expect(via(https, { ALL_PROXY: 'http://all' })).toBe('http://all/')
  expect(via(http, { all_proxy: 'http://all' })).toBe('http://all/')
  expect(via(https, { HTTPS_PROXY: 'http://a', no_proxy: 'r.test' })).toBe('straight')
})

test('under CGI a client may have set HTTP_PROXY, but not http_proxy', () => {
  const cgi = { REQUEST_METHOD: 'GET' }
  expect(via('http://r.test/', { ...cgi, HTTP_PROXY: PROXY })).toBe('straight')
  expect(via('http://r.test/', { ...cgi, HTTP_PROXY: 'http://evil', http_proxy: 'http://own' })).toBe('http://own/')
  expect(via('https://r.test/', { ...cgi, HTTPS_PROXY: PROXY })).toBe(`${PROXY}/`)
})

test('a proxy without a scheme is spoken to in plain HTTP; another kind is refused by its name, and its value is not shown', () => {
  expect(via('https://r.test/', { HTTPS_PROXY: 'proxy.example:3128' })).toBe('http://proxy.example:3128/')
  expect(via('https://r.test/', { HTTPS_PROXY: 'user:pw@10.0.0.1:3128' })).toBe('http://user:pw@10.0.0.1:3128/')
  expect(via('https://r.test/', { HTTPS_PROXY: ' https://proxy.example ' })).toBe('https://proxy.example/')
  const socks = readProxy('socks5://user:pl4nted@proxy.example:1080', 'ALL_PROXY')
  expect(socks).toMatchObject({ kind: 'unusable', variable: 'ALL_PROXY' })
  expect(JSON.stringify(socks)).toContain('socks5')
  expect(JSON.stringify(socks)).not.toContain('pl4nted')
  expect(readProxy('http://', 'HTTPS_PROXY').kind).toBe('unusable')
  expect(readProxy('no proxy at all', 'HTTPS_PROXY').kind).toBe('unusable')
})
