import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serve } from '../../support/fake-registry.ts'
import { calm, failsWith, remote } from '../../support/remote-registry.ts'
import { scratch } from '../../support/scratch.ts'
import { CERTIFICATE, tlsServer } from '../../support/tls-server.ts'

async function tlsRegistry(location?: string): Promise<string> {
  return tlsServer((_, response) => {
    if (location !== undefined) response.writeHead(307, { location }).end()
    else response.end('{}')
  })
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
