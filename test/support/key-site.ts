/** A site over https that serves key sets, and regions that publish to it by the command line. */
import { createPublicKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { publicJwk } from '../../src/keys/jwk.ts'
import { spki } from '../../src/keys/key-id.ts'
import type { KeyToPublish } from '../../src/keysets/publication.ts'
import { PUBLIC_KEY } from './runs.ts'
import { scratch } from './scratch.ts'
import { CERTIFICATE, tlsServer } from './tls-server.ts'

export interface KeySite {
  /** `https://127.0.0.1:PORT/` */
  readonly base: string
  /** What a client needs to trust its certificate. */
  readonly env: Readonly<Record<string, string>>
  /** Requests so far: method and path. */
  readonly seen: readonly string[]
  /** Answers from now on. */
  answer(handler: (request: IncomingMessage, response: ServerResponse) => void): void
  /** Serves these bytes at these paths, and 404 elsewhere. */
  serve(files: Readonly<Record<string, string | Uint8Array>>, headers?: Readonly<Record<string, string>>): void
}

/** @param listen serves until the test ends, unless it is another one */
export async function keySite(listen: (listener: RequestListener) => Promise<string> = tlsServer): Promise<KeySite> {
  const seen: string[] = []
  let handler: (request: IncomingMessage, response: ServerResponse) => void = (_, response) =>
    response.writeHead(404).end()
  const host = await listen((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    handler(request, response)
  })
  const ca = join(scratch(), 'ca.pem')
  writeFileSync(ca, CERTIFICATE)
  return {
    base: `https://${host}/`,
    env: { SSL_CERT_FILE: ca, XDG_CACHE_HOME: scratch() },
    seen,
    answer: (next) => {
      handler = next
    },
    serve: (files, headers = {}) => {
      handler = ({ url = '' }, response) => {
        const body = files[url]
        if (body === undefined) response.writeHead(404).end()
        else response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body)
      }
    },
  }
}

/** The throw-away key that the fixtures are signed with, as a key of a region. */
export async function fixtureKey(more: Partial<KeyToPublish> = {}): Promise<KeyToPublish> {
  const jwk = await publicJwk(spki(createPublicKey(readFileSync(PUBLIC_KEY))))
  return { jwk, status: 'active', ...more }
}
