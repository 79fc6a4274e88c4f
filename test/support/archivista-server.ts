/**
 * An imitation of Archivista's HTTP API (upload, download, GraphQL query by subject digest), after its documentation and source: no real
 * one was to be had. Stored bytes are kept as they came; the index refuses a gitoid that it has, as the unique column of the real one does.
 */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeArchivista {
  /** HOST:PORT */
  readonly endpoint: string
  /** Envelopes by gitoid. */
  readonly objects: Map<string, Buffer>
  close(): Promise<void>
}

interface Indexed {
  readonly gitoid: string
  readonly digests: readonly string[]
}

/** @example const server = await fakeArchivista({ pageSize: 2 }) */
export async function fakeArchivista(options: { readonly pageSize?: number } = {}): Promise<FakeArchivista> {
  const objects = new Map<string, Buffer>()
  const index: Indexed[] = []

  const upload = (body: Buffer): { status: number; json: unknown } => {
    const gitoid = createHash('sha256').update(`blob ${body.length}\0`).update(body).digest('hex')
    objects.set(gitoid, objects.get(gitoid) ?? body)
    if (index.some((row) => row.gitoid === gitoid)) return { status: 500, json: 'UNIQUE constraint failed' }
    const envelope = JSON.parse(body.toString())
    const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString())
    const subjects: { digest: Record<string, string> }[] = statement.subject ?? []
    index.push({ gitoid, digests: subjects.flatMap(({ digest }) => Object.values(digest)) })
    return { status: 200, json: { gitoid } }
  }

  const query = (body: Buffer): { status: number; json: unknown } => {
    const { query: text, variables } = JSON.parse(body.toString())
    if (!/dsses\(.*valueIn: \$digests.*gitoidSha256/.test(text)) {
      return { status: 200, json: { data: null, errors: [{ message: 'not understood' }] } }
    }
    const rows = index.filter(({ digests }) => digests.some((digest) => variables.digests.includes(digest)))
    const from = variables.after === null ? 0 : Number(variables.after)
    const end = from + Math.min(options.pageSize ?? 1000, variables.first)
    const edges = rows.slice(from, end).map(({ gitoid }) => ({ node: { gitoidSha256: gitoid } }))
    const pageInfo = { hasNextPage: end < rows.length, endCursor: String(end) }
    return { status: 200, json: { data: { dsses: { edges, pageInfo } } } }
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const { method, url = '' } = request
    const gitoid = /^\/download\/([0-9a-f]{64})$/.exec(url)?.[1]
    const object = gitoid === undefined ? undefined : objects.get(gitoid)
    if (method === 'GET' && gitoid !== undefined) {
      response.writeHead(object ? 200 : 404).end(object)
      return
    }
    const route = method === 'POST' ? { '/upload': upload, '/query': query }[url] : undefined
    const { status, json } = route?.(body) ?? { status: 404, json: 'no such route' }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    close: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
