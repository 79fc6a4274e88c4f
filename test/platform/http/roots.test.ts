/** Certificate authorities of the environment count for every client, beside the usual ones. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { open } from '../../../backends/s3/backend.ts'
import type { Slot } from '../../../src/backend/backend.ts'
import { certificateHint, trustRoots } from '../../../src/platform/http/roots.ts'
import { calm, expectCode, look } from '../../conformance/checks.ts'
import { aboutOf, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { testContext } from '../../support/context.ts'
import { remote } from '../../support/remote-registry.ts'
import { scratch } from '../../support/scratch.ts'
import { CERTIFICATE, tlsServer } from '../../support/tls-server.ts'

const AWS = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }

/** In the order of the tests: what a process has come to trust, it trusts. */
test('refused without, and the hint names every way to a certificate; then trusted by SSL_CERT_DIR and SSL_CERT_FILE', async () => {
  const host = await tlsServer((_, response) => response.end('{}'))
  const registry = (env: Readonly<Record<string, string>>) =>
    remote({ env, insecure: false, attempts: 1, caFile: other() })
  const ask = (env: Readonly<Record<string, string>>) => registry(env).getManifest(`${host}/acme/app`, 'v1', calm())
  const refused = await expectCode(() => ask({}), 'unreachable')
  expect(refused.message).toContain(`${host} could not be reached: its certificate is signed by itself`)
  for (const name of ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS', 'storage.oci.ca-file']) {
    expect(refused.hint).toContain(name)
  }
  const folder = scratch()
  mkdirSync(join(folder, 'certs'))
  writeFileSync(join(folder, 'certs', 'rubbish.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  writeFileSync(join(folder, 'certs', 'readme'), 'no certificate')
  writeFileSync(join(folder, 'certs', 'own.pem'), `a comment\n${CERTIFICATE}`)
  expect(await ask({ SSL_CERT_DIR: `/nowhere:${join(folder, 'certs')}` })).toBeDefined()
})

test('for the clients of libraries too', async () => {
  const host = await tlsServer((_, response) =>
    response.writeHead(404, { 'content-type': 'application/xml' }).end('<Error><Code>NoSuchKey</Code></Error>'),
  )
  const file = join(scratch(), 'own.pem')
  writeFileSync(file, CERTIFICATE)
  const settings = { 'storage.s3.bucket': 'b', 'storage.s3.endpoint': `https://${host}` }
  const backend = open(testContext(settings, { ...AWS, SSL_CERT_FILE: file }))
  onTestFinished(() => backend.close())
  const image = sampleImage('registry.example/acme/app', 'app')
  const slot = backend.slots(aboutOf('raw', sampleRun('build-1', image), image))[0] as Slot
  expect(await look(backend, slot)).toEqual([])
})

test('nothing that was trusted is lost, and what cannot be read is passed over', async () => {
  const before = getCACertificates('default')
  await trustRoots({ SSL_CERT_FILE: '/nowhere/at/all.pem', SSL_CERT_DIR: '/dev/null' })
  expect(getCACertificates('default')).toEqual(expect.arrayContaining(before))
  expect(certificateHint({ SSL_CERT_FILE: '/nowhere/at/all.pem' })).toContain('cannot be read')
  expect(certificateHint({})).not.toContain('cannot be read')
})

/** Makes the registry speak TLS, and helps nobody. */
function other(): string {
  const file = join(scratch(), 'other.pem')
  writeFileSync(file, getCACertificates('bundled')[0] ?? '')
  return file
}
