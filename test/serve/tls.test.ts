/** Who is let in: certificates of clients, the token, and that they follow their files. */
import { once } from 'node:events'
import { copyFileSync, renameSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { CA_EXTENSIONS, type Holder, issue } from '../support/authority.ts'
import { prov } from '../support/cli.ts'
import { PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { ask, provide, type Sent, type Started, startService } from '../support/service.ts'
import { truthPlace } from '../support/truth-outputs.ts'

const IMAGE = `registry.example/acme/app@sha256:${'a'.repeat(64)}`
const SERVER = ['subjectAltName=IP:127.0.0.1']
const authority = (subject = '/CN=authority'): Holder => issue({ subject, extensions: CA_EXTENSIONS })
const serverBy = (by: Holder, subject = '/CN=server'): Holder => issue({ subject, by, extensions: SERVER })
const clientBy = (by: Holder, days = 2): Holder => issue({ subject: '/CN=client', by, days })

/** Files under names that stay, for a service that is to follow them. */
function placed(server: Holder, ca: Holder) {
  const folder = scratch()
  const [cert, key, clients] = [join(folder, 'tls.crt'), join(folder, 'tls.key'), join(folder, 'ca.crt')]
  const put = (to: string, from: string): void => {
    copyFileSync(from, `${to}.new`)
    renameSync(`${to}.new`, to)
  }
  const put2 = ({ files }: Holder): void => {
    put(cert, files.certificate)
    put(key, files.key)
  }
  put2(server)
  put(clients, ca.files.certificate)
  return {
    flags: ['--tls-cert', cert, '--tls-key', key],
    withClients: ['--client-ca', clients],
    cert,
    put2,
    putCa: (of: Holder) => put(clients, of.files.certificate),
  }
}

function embedded(...flags: readonly string[]): Promise<Started> {
  const at = truthPlace()
  return startService([...at.storage, '--storage', 'docdb', '--key', PUBLIC_KEY, ...flags])
}

const as = (client: Holder, server: Holder): Sent => ({
  ca: server.certificate,
  cert: client.certificate,
  key: client.files.key && client.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
})

/** Tries until it holds: a change counts within a second, and a busy machine may be slower. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('not true after 30 s')
    await new Promise((done) => setTimeout(done, 50))
  }
}

describe('client certificates', () => {
  test('nobody without one of the authority is answered, but for health', async () => {
    const [own, other] = [authority(), authority('/CN=other')]
    const server = serverBy(own)
    const { flags, withClients } = placed(server, own)
    const service = await embedded(...flags, ...withClients)
    const ca = { ca: own.certificate }
    const statuses = async (sent: Sent) => ({
      verify: (await provide(service.address, '/verify', [IMAGE], sent)).status,
      rest: (await ask(service.address, `/v1/verify?image=${IMAGE}`, sent)).status,
      metrics: (await ask(service.address, '/metrics', sent)).status,
      health: (await ask(service.address, '/healthz', sent)).status,
    })
    const refused = { verify: 403, rest: 403, metrics: 403, health: 200 }
    expect(await statuses(ca)).toEqual(refused)
    expect(await statuses(as(clientBy(other), own))).toEqual(refused)
    expect(await statuses(as(clientBy(own, -1), own))).toEqual(refused)
    expect(await statuses(as(clientBy(own), own))).toEqual({ verify: 200, rest: 200, metrics: 200, health: 200 })
    const { systemError, items } = await provide(service.address, '/verify', [IMAGE], ca)
    expect({ systemError, items }).toEqual({
      systemError: expect.stringMatching(/^denied: a client certificate/),
      items: undefined,
    })
  })

  test('an authority that is taken away counts no more, for a connection that is open neither', async () => {
    const [own, next] = [authority(), authority('/CN=next')]
    const { flags, withClients, putCa } = placed(serverBy(own), own)
    const service = await embedded(...flags, ...withClients)
    const agent = new Agent({ keepAlive: true })
    const asked = async (): Promise<number> =>
      (await provide(service.address, '/verify', [IMAGE], { ...as(clientBy(own), own), agent })).status
    expect(await asked()).toBe(200)
    putCa(next)
    await service.logged('reloaded')
    expect(await asked().catch(() => asked())).toBe(403)
    agent.destroy()
    expect((await provide(service.address, '/verify', [IMAGE], as(clientBy(next), own))).status).toBe(200)
  })
})

describe('a request that is under way when the authority is taken away', () => {
  test('is not answered either', async () => {
    const [own, next] = [authority(), authority('/CN=next')]
    const { flags, withClients, putCa } = placed(serverBy(own), own)
    const service = await embedded(...flags, ...withClients)
    const [host = '', port] = service.address.split(':')
    const { ca, cert, key } = as(clientBy(own), own)
    const socket = connect({ host, port: Number(port), ca, cert, key })
    const answer = new Promise<string>((resolve, reject) => {
      socket.once('data', (chunk: Buffer) => resolve(chunk.toString()))
      socket.on('error', reject)
    })
    socket.write(`GET /v1/verify?image=${IMAGE} HTTP/1.1\r\nhost: x\r\n`)
    putCa(next)
    await service.logged('reloaded')
    socket.write('\r\n')
    expect(await answer).toMatch(/^HTTP\/1\.1 403 /)
    socket.destroy()
  })
})

describe('a connection that came before the authority was taken away', () => {
  test('is judged by it no more, however late its handshake ends', async () => {
    const [own, next] = [authority(), authority('/CN=next')]
    const { flags, withClients, putCa } = placed(serverBy(own), own)
    const service = await embedded(...flags, ...withClients)
    const [host = '', port] = service.address.split(':')
    const early = connectPlain({ host, port: Number(port) })
    await once(early, 'connect')
    // The service has taken it once it answers another that came later.
    expect((await ask(service.address, '/healthz', { ca: own.certificate })).status).toBe(200)
    putCa(next)
    await service.logged('reloaded')
    const { ca, cert, key } = as(clientBy(own), own)
    const socket = connect({ socket: early, host, ca, cert, key })
    const answer = once(socket, 'data')
    socket.write(`GET /v1/verify?image=${IMAGE} HTTP/1.1\r\nhost: x\r\n\r\n`)
    expect(String((await answer)[0])).toMatch(/^HTTP\/1\.1 403 /)
    socket.destroy()
  })

  test('and is over when it says nothing for three seconds', async () => {
    const own = authority()
    const { flags } = placed(serverBy(own), own)
    const service = await embedded(...flags)
    const [host = '', port] = service.address.split(':')
    const silent = connectPlain({ host, port: Number(port) })
    const began = performance.now()
    await once(silent.resume(), 'close')
    expect(performance.now() - began).toBeLessThan(8000)
  })
})

/** Subject of the certificate that the service shows. */
function shownBy(address: string): Promise<string> {
  const [host, port] = address.split(':')
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host ?? '', port: Number(port), rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.end()
    })
    socket.on('error', reject)
  })
}

describe('the own certificate', () => {
  test('a new one counts without a restart, and one that does not fit its key leaves the old one', async () => {
    const own = authority()
    const { flags, put2, cert } = placed(serverBy(own, '/CN=first'), own)
    const service = await embedded(...flags)
    expect(await shownBy(service.address)).toBe('first')
    put2(serverBy(own, '/CN=second'))
    await until(async () => (await shownBy(service.address)) === 'second')
    writeFileSync(cert, serverBy(own, '/CN=third').certificate)
    const refused = await service.logged('reload_refused')
    expect(refused['message']).toMatch(/does not belong to the certificate/)
    expect(await shownBy(service.address)).toBe('second')
    expect((await ask(service.address, '/readyz', { ca: own.certificate })).status).toBe(200)
    expect((await ask(service.address, '/metrics', { ca: own.certificate })).text).toContain(
      'prov_reloads_total{files="listener",result="refused"} 1',
    )
  })

  test('after serve.stale-config nothing is answered, and the service is not ready', async () => {
    const own = authority()
    const { flags, cert } = placed(serverBy(own), own)
    const service = await embedded(...flags, '--set', 'serve.stale-config=1s')
    writeFileSync(cert, 'half')
    const ca = { ca: own.certificate }
    await until(async () => (await ask(service.address, '/readyz', ca)).status === 503)
    const { items = [] } = await provide(service.address, '/verify', [IMAGE], ca)
    expect(items[0]?.error).toMatch(/^config_invalid: the certificates and the token could not be used for \d+ s/)
    const ready = (await ask(service.address, '/readyz', ca)).text
    expect(ready).toMatch(/^not ready: listener: config_invalid: the certificates and the token could not be used/)
    const page = await ask(service.address, '/', ca)
    expect(page.status).toBe(503)
    expect(`${items[0]?.error}${ready}${page.text}`).not.toContain(cert)
    expect((await service.logged('reload_refused'))['message']).toContain(cert)
    expect((await ask(service.address, '/healthz', ca)).status).toBe(200)
  })
})

describe('the token', () => {
  test('is taken in the header alone, and follows its file', async () => {
    const file = join(scratch(), 'token')
    writeFileSync(file, 'first-token-of-some-length\n')
    const service = await embedded('--token-file', file)
    const asked = async (token: string): Promise<number> =>
      (await ask(service.address, `/v1/verify?image=${IMAGE}`, { headers: { authorization: `Bearer ${token}` } }))
        .status
    expect(await asked('first-token-of-some-length')).toBe(200)
    expect(await asked('first-token-of-some-lengtH')).toBe(401)
    expect((await ask(service.address, `/v1/verify?image=${IMAGE}`)).headers['www-authenticate']).toBe('Bearer')
    writeFileSync(file, 'second-token-of-some-length\n')
    await service.logged('reloaded')
    expect(await asked('first-token-of-some-length')).toBe(401)
    expect(await asked('second-token-of-some-length')).toBe(200)
    expect(service.text()).not.toContain('token-of-some-length')
  })
})

/** What does not start, and why. */
const REFUSED: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['others reach it without TLS', ['--listen', '0.0.0.0:0'], /without TLS anybody could change the answers/],
  ['a certificate without a key', ['--tls-cert', 'a'], /a certificate and its key go together/],
  ['clients without TLS', ['--client-ca', 'a'], /--client-ca wants TLS/],
  ['a file that is not there', ['--tls-cert', '/none/a', '--tls-key', '/none/b'], /\/none\/[ab] does not exist/],
  ['what is not an address', ['--listen', 'here'], /HOST:PORT/],
  ['a short token', ['--token-file', join(import.meta.dirname, '../../.gitignore')], /token/],
  ['no key', [], /no public key/],
]

describe('what is refused at the start', () => {
  test.each(REFUSED)('%s', async (name, flags, message) => {
    const at = truthPlace()
    const key = name === 'no key' ? [] : ['--key', PUBLIC_KEY]
    const { code, stderr } = await prov([
      'serve',
      ...at.storage,
      '--storage',
      'docdb',
      '--listen',
      '127.0.0.1:0',
      ...key,
      ...flags,
    ])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) })
  })

  test('any registry that a caller may name', async () => {
    const { code, stderr } = await prov(['serve', '--storage', 'oci', '--key', PUBLIC_KEY, '--listen', '127.0.0.1:0'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/storage\.oci\.hosts/) })
    const bundles = [
      '--set',
      'storage.oci.repository=ghcr.io/acme/all',
      '--set',
      'storage.oci.encoding-format=sigstore-bundle',
    ]
    const other = await prov(['serve', '--storage', 'oci', '--key', PUBLIC_KEY, '--listen', '127.0.0.1:0', ...bundles])
    expect({ code: other.code, stderr: other.stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/bundles lie beside/),
    })
  })

  test('a key that does not belong to the certificate, and nothing of it is printed', async () => {
    const own = authority()
    const [one, two] = [serverBy(own), serverBy(own)]
    const at = truthPlace()
    const flags = ['--tls-cert', one.files.certificate, '--tls-key', two.files.key]
    const { code, stderr, stdout } = await prov([
      'serve',
      ...at.storage,
      '--storage',
      'docdb',
      '--key',
      PUBLIC_KEY,
      ...flags,
    ])
    expect(code).toBe(2)
    expect(stderr).toMatch(/does not belong to the certificate/)
    expect(stdout + stderr).not.toContain('PRIVATE KEY')
  })
})
