/**
 * An imitation of the Container Analysis v1 REST API: notes and occurrences with filter and pages, after its reference. No real one was to
 * be had. A note that is missing is a 404, a second note of one name a 409; occurrences get names that nobody can foretell.
 */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Json = Record<string, unknown>

export interface FakeGrafeas {
  /** HOST:PORT */
  readonly endpoint: string
  readonly notes: Map<string, Json>
  readonly occurrences: Map<string, Json>
  close(): Promise<void>
}

/** @example const server = await fakeGrafeas({ pageSize: 2 }) */
export async function fakeGrafeas(options: { readonly pageSize?: number } = {}): Promise<FakeGrafeas> {
  const notes = new Map<string, Json>()
  const occurrences = new Map<string, Json>()
  const problem = (code: number, status: string): { code: number; json: Json } => ({
    code,
    json: { error: { code, status, message: 'said by the fake' } },
  })

  function create(project: string, what: string, query: URLSearchParams, body: Json): { code: number; json: Json } {
    if (what === 'notes') {
      const name = `projects/${project}/notes/${query.get('noteId')}`
      if (notes.has(name)) return problem(409, 'ALREADY_EXISTS')
      notes.set(name, { name, ...body })
      return { code: 200, json: { name, ...body } }
    }
    if (!notes.has(String(body['noteName']))) return problem(404, 'NOT_FOUND')
    const known = ['resourceUri', 'noteName', 'kind', 'envelope', 'build', 'attestation']
    if (Object.keys(body).some((member) => !known.includes(member))) return problem(400, 'INVALID_ARGUMENT')
    const name = `projects/${project}/occurrences/${randomUUID()}`
    const occurrence = { name, ...body, createTime: new Date().toISOString() }
    occurrences.set(name, occurrence)
    return { code: 200, json: occurrence }
  }

  function list(parent: string, query: URLSearchParams): { code: number; json: Json } {
    const note = /^projects\/[^/]+\/notes\//.test(parent)
    if (note && !notes.has(parent)) return problem(404, 'NOT_FOUND')
    const [, field, text = '""'] = /^(resourceUrl|kind)=(".*")$/.exec(query.get('filter') ?? '') ?? []
    const value = JSON.parse(text)
    const rows = [...occurrences.values()].filter(
      (row) =>
        (!note || row['noteName'] === parent) &&
        (field === undefined || row[field === 'kind' ? 'kind' : 'resourceUri'] === value),
    )
    const from = Number(query.get('pageToken') ?? 0)
    const end = from + Math.min(options.pageSize ?? 1000, Number(query.get('pageSize')))
    const next = end < rows.length ? { nextPageToken: String(end) } : {}
    return { code: 200, json: { occurrences: rows.slice(from, end), ...next } }
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const url = new URL(request.url ?? '/', 'http://x')
    const [, project = '', what = ''] = /^\/v1\/projects\/([^/]+)\/(notes|occurrences)$/.exec(url.pathname) ?? []
    const [, parent = ''] = /^\/v1\/(projects\/[^/]+(?:\/notes\/[^/]+)?)\/occurrences$/.exec(url.pathname) ?? []
    const name = url.pathname.slice('/v1/'.length)
    let answer = problem(404, 'NOT_FOUND')
    if (request.method === 'POST' && what !== '') {
      answer = create(project, what, url.searchParams, JSON.parse(Buffer.concat(chunks).toString()))
    } else if (request.method === 'GET' && parent !== '') answer = list(parent, url.searchParams)
    else if (request.method === 'DELETE' && occurrences.delete(name)) answer = { code: 200, json: {} }
    response.writeHead(answer.code, { 'content-type': 'application/json' }).end(JSON.stringify(answer.json))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    notes,
    occurrences,
    close: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
