/** A server over TLS, with a certificate that nobody vouches for. */

import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** Self-signed for 127.0.0.1 and made for this test; the key protects nothing. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
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

/** Serves until it is closed. @example const { host, close } = await startTlsServer((_, response) => response.end('{}')) */
export async function startTlsServer(
  listener: RequestListener,
): Promise<{ readonly host: string; readonly close: () => void }> {
  const server = createServer({ cert: CERTIFICATE, key: KEY }, listener)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** HOST:PORT; serves until the test ends. @example const host = await tlsServer((_, response) => response.end('{}')) */
export async function tlsServer(listener: RequestListener): Promise<string> {
  const { host, close } = await startTlsServer(listener)
  onTestFinished(close)
  return host
}
