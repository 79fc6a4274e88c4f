import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { atPeer } from '../../../src/platform/http/peer.ts'
import { provHere } from '../../support/in-process.ts'
import { PUBLIC_KEY, runFixture } from '../../support/runs.ts'

test('names the host and the port, however deep the error lies', async () => {
  const refused = await new Promise<Error>((resolve) => connect(1, '127.0.0.1').on('error', resolve))
  expect(atPeer(refused)).toBe(' at 127.0.0.1:1')
  expect(atPeer(new Error('failed', { cause: new AggregateError([refused]) }))).toBe(' at 127.0.0.1:1')
  expect(atPeer(Object.assign(new Error('x'), { address: '::1', port: 443 }))).toBe(' at [::1]:443')
  expect(atPeer(Object.assign(new Error('x'), { hostname: 'no.such.host' }))).toBe(' at no.such.host')
  expect(atPeer(Object.assign(new Error('x'), { address: 'a\u001b[31m', port: 1 }))).toBe('')
  const ring = new Error('ring')
  ring.cause = ring
  expect(atPeer(ring)).toBe('')
  expect(atPeer('no error')).toBe('')
})

/** A port that nobody listens at any more. */
const port = await new Promise<number>((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resolve(port))
  })
})
const host = `127.0.0.1:${port}`

test.each([
  ['oci', { 'storage.oci.repository': `${host}/app` }],
  ['s3', { 'storage.s3.endpoint': `http://${host}`, 'storage.s3.bucket': 'b' }],
  ['gcs', { 'storage.gcs.endpoint': `http://${host}`, 'storage.gcs.bucket': 'b' }],
  ['archivista', { 'storage.archivista.url': `http://${host}` }],
  ['grafeas', { 'storage.grafeas.endpoint': `http://${host}`, 'storage.grafeas.projectid': 'p' }],
])('a host that is away is named: %s', async (backend, settings) => {
  const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const file = runFixture('kaniko-taskrun.json')
  const env = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' }
  const { code, stdout, stderr } = await provHere(
    ['verify', '--storage', backend, ...sets, '--timeout', '20', '--key', PUBLIC_KEY, file],
    { env },
  )
  // Of the image that the run made, archivista keeps nothing: that is absent, and graver.
  expect([5, 6], stdout + stderr).toContain(code)
  expect(stdout).toContain(`at ${host} could not be reached`)
})
