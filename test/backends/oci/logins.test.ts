/** Logins beyond a password: identity tokens where the token service has no POST, registry tokens, and where none of them goes. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Credentials } from '../../../backends/oci/registry/auth.ts'
import { dockerCredentials } from '../../../backends/oci/registry/docker-config.ts'
import { type Answer, reply, serve } from '../../support/fake-registry.ts'
import { calm, failsWith, remote } from '../../support/remote-registry.ts'
import { scratch } from '../../support/scratch.ts'

const SECRET = 'pl4nted-s3cret'

/** A registry that takes `Bearer T`, and its own token service. */
async function registryWith(token: Answer) {
  return serve((request, response, body) => {
    if (request.url?.startsWith('/token')) return token(request, response, body)
    if (request.headers.authorization === 'Bearer T') return reply(response, 200, {}, '{}')
    const realm = `http://${request.headers.host}/token`
    return reply(response, 401, { 'www-authenticate': `Bearer realm="${realm}",service="r"` })
  })
}

async function configured(entry: object): Promise<Credentials | undefined> {
  const folder = scratch()
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { 'r.example': entry } }))
  const find = dockerCredentials({
    env: { DOCKER_CONFIG: folder },
    names: () => false,
    runHelper: async () => undefined,
  })
  return find({ host: 'r.example', repository: 'a/b', ...calm() })
}

test.each([404, 405, 401, 501])(
  'an identity token goes by GET with Basic where a POST is answered with %i',
  async (status) => {
    const fake = await registryWith((request, response) =>
      request.method === 'POST' ? reply(response, status) : reply(response, 200, {}, '{"token":"T"}'),
    )
    const found = await configured({ auth: Buffer.from('u:').toString('base64'), identitytoken: SECRET })
    expect(await remote({ credentials: async () => found }).getManifest(`${fake.host}/a/b`, 'v1', calm())).toBeDefined()
    const tokens = fake.seen.filter(({ line }) => line.includes('/token'))
    expect(tokens.map(({ line }) => line.split('?')[0])).toEqual(['POST /token', 'GET /token'])
    expect(tokens[1]?.authorization).toBe(`Basic ${Buffer.from(`u:${SECRET}`).toString('base64')}`)
    expect(tokens[1]?.line).toContain('scope=repository%3Aa%2Fb%3Apull')
  },
)

test('an identity token that neither way takes is denied, and shown nowhere', async () => {
  const fake = await registryWith((_, response) => reply(response, 404, {}, SECRET))
  const credentials = async () => ({ identityToken: SECRET })
  const error = await failsWith('denied', remote({ credentials }).getManifest(`${fake.host}/a/b`, 'v1', calm()))
  expect(error.message).toBe(`the token service ${fake.host} answered 404`)
  expect(`${error.stack} ${error.cause}`).not.toContain(SECRET)
})

test.each(['Bearer', 'Basic'])(
  'a registry token of the docker config goes to the registry itself, which asks for %s',
  async (scheme) => {
    const fake = await serve((request, response) => {
      if (request.headers.authorization === `Bearer ${SECRET}`) return reply(response, 200, {}, '{}')
      const parameters = scheme === 'Basic' ? 'realm="r"' : `realm="http://${request.headers.host}/token"`
      return reply(response, 401, { 'www-authenticate': `${scheme} ${parameters}` })
    })
    const found = await configured({ registrytoken: SECRET })
    expect(found).toEqual({ registryToken: SECRET })
    const registry = remote({ credentials: async () => found })
    expect(await registry.getManifest(`${fake.host}/a/b`, 'v1', calm())).toBeDefined()
    expect(fake.seen.some(({ line }) => line.includes('/token'))).toBe(false)
    const other = remote({ credentials: async () => ({ registryToken: 'wrong' }) })
    await failsWith('denied', other.getManifest(`${fake.host}/a/b`, 'v1', calm()))
  },
)

test('an identity token is not carried on by a redirect of the token service to another host', async () => {
  const other = await serve((_, response) => reply(response, 200, {}, '{"token":"T"}'), '127.0.0.1')
  const fake = await registryWith((_, response) =>
    reply(response, 307, { location: `http://localhost:${other.host.split(':')[1]}/token` }),
  )
  const byPost = remote({ credentials: async () => ({ identityToken: SECRET }) })
  const error = await failsWith('host_refused', byPost.getManifest(`${fake.host}/a/b`, 'v1', calm()))
  expect(error.message).not.toContain(SECRET)
  expect(other.seen).toEqual([])
  const byGet = remote({ credentials: async () => ({ username: 'u', password: SECRET }) })
  await byGet.getManifest(`${fake.host}/a/b`, 'v1', calm())
  expect(other.seen.map(({ authorization }) => authorization)).toEqual([undefined])
})
