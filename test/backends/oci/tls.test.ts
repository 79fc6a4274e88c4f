import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { serve } from '../../support/fake-registry.ts'
import { scratch } from '../../support/scratch.ts'
import { calm, failsWith, remote } from './remote.ts'

/** Self-signed for 127.0.0.1 and made for this test; the key protects nothing. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBsTCCAVegAwIBAgIUQ+4M9TSO2tC0gGfk987cE9neN4AwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwScHJvdiB0ZXN0IHJlZ2lzdHJ5MCAXDTI2MTEyMjEwMjY0OFoY
DzIxMjYxMDI5MTAyNjQ4WjAdMRswGQYDVQQDDBJwcm92IHRlc3QgcmVnaXN0cnkw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATnDg7xmiXZ39FC4CuFzthDXsNjfAIw
WJlHpBcjsFc1soIbT05zVGYMc9Du7GulRA+ycof8ZFcezZ2FbOON49fNo3MwcTAd
BgNVHQ4EFgQUMr3/IMEE+2qqgJ2Me9S6o7ErA3MwHwYDVR0jBBgwFoAUMr3/IMEE
+2qqgJ2Me9S6o7ErA3MwDwYDVR0TAQH/BAUwAwEB/zAeBgNVHREEFzAVhwR/AAAB
gg1yZWdpc3RyeS50ZXN0MAoGCCqGSM49BAMCA0gAMEUCIQDRoiMTWg/+6GE/cK5j
fICQH9IRlk2A06ZHMp16Q56ntQIgdCDnIyntO0dUQsRuQqq7bKCi1teY3GHoSS9c
JX/3zG8=
-----END CERTIFICATE-----
`
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkh9o+0B0byF/81wk
P357bJNDwzXl5KPX6yCTpihh0aahRANCAATnDg7xmiXZ39FC4CuFzthDXsNjfAIw
WJlHpBcjsFc1soIbT05zVGYMc9Du7GulRA+ycof8ZFcezZ2FbOON49fN
-----END PRIVATE KEY-----
`

async function tlsRegistry(location?: string): Promise<string> {
  const server = createServer({ cert: CERTIFICATE, key: KEY }, (_, response) => {
    if (location !== undefined) response.writeHead(307, { location }).end()
    else response.end('{}')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

function caFile(text = CERTIFICATE): string {
  const file = join(scratch(), 'ca.pem')
  writeFileSync(file, text)
  return file
}

test('a certificate authority of one’s own is believed, beside the usual ones', async () => {
  const host = await tlsRegistry()
  expect(await remote({ caFile: caFile() }).getManifest(`${host}/acme/app`, 'v1', calm())).toBeDefined()
})

test('a certificate that nobody vouches for is refused, and http is no way out', async () => {
  const host = await tlsRegistry()
  const { rootCertificates } = await import('node:tls')
  const error = await failsWith(
    'unreachable',
    remote({ caFile: caFile(rootCertificates[0]) }).getManifest(`${host}/acme/app`, 'v1', calm()),
  )
  expect(error.message).toMatch(/SIGNED|CERT/)
  expect(error.hint).toContain('storage.oci.ca-file')
})

test('insecure takes any certificate, and plain http where there is no TLS', async () => {
  const host = await tlsRegistry()
  expect(await remote({ insecure: true }).getManifest(`${host}/acme/app`, 'v1', calm())).toBeDefined()
  const plain = await serve((_, response) => response.end('{}'))
  expect(await remote({ insecure: true }).getManifest(`${plain.host}/acme/app`, 'v1', calm())).toBeDefined()
})

test('a file of authorities that is none is a mistake in the configuration', async () => {
  const host = await tlsRegistry()
  for (const file of [caFile('no certificate'), join(scratch(), 'missing.pem')]) {
    await failsWith('config_invalid', remote({ caFile: file }).getManifest(`${host}/acme/app`, 'v1', calm()))
  }
})

test('https never leads to http', async () => {
  const plain = await serve((_, response) => response.end('{}'))
  const host = await tlsRegistry(`http://${plain.host}/v2/`)
  const digest = `sha256:${'0'.repeat(64)}`
  await failsWith('response_invalid', remote({ insecure: true }).getBlob(`${host}/acme/app`, digest, 100, calm()))
  expect(plain.seen).toHaveLength(0)
})
