/** Only the registry's own 404 about what was asked for is absence. */
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { INDEX_TYPE } from '../../../backends/oci/bundles/layout.ts'
import { reply, serve } from '../../support/fake-registry.ts'
import { calm, collect, failsWith, remote } from '../../support/remote-registry.ts'

const TAG = 'sha256-00.att'
const DIGEST = `sha256:${'0'.repeat(64)}`
const UNKNOWN = JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'unknown' }] })
const HTML = { 'content-type': 'text/html' }
const TEXT = { 'content-type': 'text/plain; charset=utf-8' }

const reads = (host: string, options = {}) => {
  const registry = remote({ attempts: 1, ...options })
  return [
    () => registry.getManifest(`${host}/a/b`, TAG, calm()),
    () => registry.getBlob(`${host}/a/b`, DIGEST, 100, calm()),
    () => registry.hasBlob(`${host}/a/b`, DIGEST, calm()),
    () => collect(registry.listTags(`${host}/a/b`, calm())),
    () => registry.deleteManifest(`${host}/a/b`, TAG, calm()),
    () => registry.listReferrers?.(`${host}/a/b`, DIGEST, calm()) ?? Promise.reject(new Error('none')),
  ]
}

test.each([
  [404, 'denied'],
  [400, 'denied'],
  [410, 'denied'],
  [500, 'server_error'],
  [501, 'server_error'],
  [429, 'throttled'],
] as const)('a token service that answers %i says nothing of what is there', async (status, code) => {
  const fake = await serve((request, response) => {
    if (request.url?.startsWith('/token')) return reply(response, status, HTML, '<html>default backend - 404')
    const realm = `http://${request.headers.host}/token`
    return reply(response, 401, { 'www-authenticate': `Bearer realm="${realm}",service="r"` })
  })
  for (const read of reads(fake.host)) {
    const error = await failsWith(code, read())
    expect(error.message).toBe(`the token service ${fake.host} answered ${status}`)
  }
})

test.each([
  ['a CDN', (response: ServerResponse, cdn: string) => reply(response, 307, { location: `http://${cdn}/blob` })],
  [
    'the same path of another port',
    (response: ServerResponse, cdn: string) => reply(response, 307, { location: `http://${cdn}${response.req.url}` }),
  ],
  ['another path of its own', (response: ServerResponse) => reply(response, 302, { location: '/login' })],
])('a redirect to %s that answers 404 says nothing either', async (_, redirect) => {
  const cdn = await serve((__, response) => reply(response, 404, {}, UNKNOWN))
  const fake = await serve((request, response) => {
    if (request.url === '/login') return reply(response, 404, {}, UNKNOWN)
    return redirect(response, cdn.host)
  })
  for (const read of reads(fake.host).filter((__, index) => index !== 4)) {
    const error = await read().then(
      () => undefined,
      (thrown: unknown) => thrown as { readonly code: string; readonly message: string },
    )
    expect(error?.code).toMatch(/^(?:server_error|response_invalid)$/)
    expect(error?.message).toContain('404')
  }
})

test.each([
  [HTML, '<html>default backend - 404'],
  [TEXT, 'default backend - 404'],
  [{ 'content-type': 'application/json' }, '{"message":"no Route matched"}'],
] as const)('where no registry is behind the address, its 404 is an outage: %j', async (headers, body) => {
  const fake = await serve((_, response) => reply(response, 404, headers, body))
  const [manifest, blob] = reads(fake.host)
  for (const read of [manifest, blob]) {
    const error = await failsWith('unreachable', (read as () => Promise<unknown>)())
    expect(error.message).toContain(fake.host)
    expect(error.message).toContain('/v2/')
  }
})

test('a registry with pages of its own for what is absent is believed, as its API is there', async () => {
  for (const status of [200, 401]) {
    const fake = await serve((request, response) =>
      request.url === '/v2/' ? reply(response, status) : reply(response, 404, HTML, '<html>'),
    )
    const [manifest, blob, head, tags] = reads(fake.host)
    expect(await manifest?.()).toBeUndefined()
    expect(await blob?.()).toBeUndefined()
    expect(await head?.()).toBe(false)
    expect(await tags?.()).toEqual([])
  }
})

test('a page in the middle of a list that is not there is a failure, not the end of the list', async () => {
  const fake = await serve((request, response) => {
    if (request.url?.includes('last=')) return reply(response, 404, {}, UNKNOWN)
    const isTags = request.url?.includes('/tags/')
    const link = { link: `<${request.url?.split('?')[0]}?last=x>; rel="next"` }
    const body = isTags ? { tags: ['x'] } : { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] }
    return reply(
      response,
      200,
      { ...link, 'content-type': isTags ? 'application/json' : INDEX_TYPE },
      JSON.stringify(body),
    )
  })
  const registry = remote({ attempts: 1 })
  await failsWith('server_error', collect(registry.listTags(`${fake.host}/a/b`, calm())))
  await failsWith('server_error', registry.listReferrers?.(`${fake.host}/a/b`, DIGEST, calm()) ?? Promise.resolve())
})

test.each([400, 404, 405, 406, 501])('a registry that answers %i has no list of referrers', async (status) => {
  const fake = await serve((_, response) => reply(response, status, {}, '{"errors":[{"code":"UNSUPPORTED"}]}'))
  expect(await remote().listReferrers?.(`${fake.host}/a/b`, DIGEST, calm())).toBeUndefined()
  expect(fake.seen).toHaveLength(1)
})

test.each([
  [401, 'denied'],
  [403, 'denied'],
  [500, 'server_error'],
  [502, 'server_error'],
  [429, 'throttled'],
] as const)(
  'a registry that answers %i to the list of referrers has not said that it has none',
  async (status, code) => {
    const fake = await serve((_, response) => reply(response, status))
    await failsWith(
      code,
      remote({ attempts: 1 }).listReferrers?.(`${fake.host}/a/b`, DIGEST, calm()) ?? Promise.resolve(),
    )
  },
)

test.each(['text/html', 'text/html; charset=utf-8', 'application/xhtml+xml'])(
  'a login page in place of a manifest (%s) is an outage, and no damaged copy',
  async (type) => {
    const fake = await serve((_, response) => reply(response, 200, { 'content-type': type }, '<html>log in</html>'))
    const error = await failsWith('response_invalid', remote().getManifest(`${fake.host}/a/b`, TAG, calm()))
    expect(error.message).toBe(`${fake.host} answered a web page in place of a manifest`)
    await failsWith('response_invalid', collect(remote().listTags(`${fake.host}/a/b`, calm())))
  },
)
