/** The API server is asked by the proxy that kubectl would ask, or straight where kubectl would. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openCluster } from '../../src/kubernetes/cluster.ts'
import { scratch } from '../support/scratch.ts'

async function serve(
  status = 200,
  body = '{"kind":"TaskRun"}',
): Promise<{ readonly port: number; readonly lines: string[] }> {
  const lines: string[] = []
  const server = createServer((request, response) => {
    lines.push(`${request.method} ${request.url}`)
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  await new Promise<void>((ready) => server.listen(0, '0.0.0.0', ready))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, lines }
}

/** An address of this machine that is not loopback. */
function ownAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return all.find(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'))
    ?.address
}

function cluster(server: string, env: Readonly<Record<string, string>>, proxyUrl?: string) {
  const kubeconfig = join(scratch(), 'config')
  const value = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c' } }],
    clusters: [{ name: 'c', cluster: { server, ...(proxyUrl === undefined ? {} : { 'proxy-url': proxyUrl }) } }],
  }
  writeFileSync(kubeconfig, JSON.stringify(value))
  const random = (size: number) => new Uint8Array(size)
  const opened = openCluster({ kubeconfig, env, timeoutMs: 20_000, now: Date.now, random, debug: () => {} })
  onTestFinished(() => opened.close())
  const where = { operation: 'get', location: 'x' }
  return opened.call({ method: 'GET', path: '/x', where, signal: new AbortController().signal })
}

test('a cluster by its address: through the proxy, and straight where NO_PROXY names the network', async () => {
  const address = ownAddress()
  const proxy = await serve()
  const env = { HTTP_PROXY: `127.0.0.1:${proxy.port}` }
  await cluster('http://api.example.invalid:6443', env)
  expect(proxy.lines).toEqual(['GET http://api.example.invalid:6443/x'])
  if (address === undefined) return // a machine without a network
  const api = await serve()
  const network = `${address.split('.').slice(0, 2).join('.')}.0.0/16`
  await cluster(`http://${address}:${api.port}`, { ...env, NO_PROXY: `${network},.svc` })
  expect(api.lines).toEqual(['GET /x'])
  expect(proxy.lines).toHaveLength(1)
})

test('proxy-url of the kubeconfig counts before the environment, with or without a scheme; SOCKS is refused', async () => {
  const proxy = await serve()
  const env = { HTTP_PROXY: 'http://127.0.0.1:1', NO_PROXY: '*' }
  await cluster('http://api.example.invalid', env, `http://127.0.0.1:${proxy.port}`)
  expect(proxy.lines).toEqual(['GET http://api.example.invalid/x'])
  const socks = cluster('http://api.example.invalid', {}, 'socks5://127.0.0.1:1')
  await expect(socks).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringContaining('socks5') })
})

test.each([
  ['{"kind":"Status","reason":"NotFound"}', 'run_not_found'],
  ['404 page not found', 'not_supported'],
  ['<html>default backend - 404</html>', 'response_invalid'],
  ['{"message":"no Route matched"}', 'response_invalid'],
  ['', 'response_invalid'],
])('a 404 of %j is %s', async (body, code) => {
  const { port } = await serve(404, body)
  await expect(cluster(`http://127.0.0.1:${port}`, {})).rejects.toMatchObject({ code })
})
