/** jose's own client of key sets reads the public set: whoever speaks JOSE can verify by it. */
import { createRemoteJWKSet, customFetch, jwtVerify, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { PUBLIC } from '../../src/keysets/place.ts'
import { memoryObjects, shared } from '../support/memory-objects.ts'
import {
  active,
  mergeOnce,
  type OwnKey,
  ownKey,
  publishFile,
  readText,
  regionNamed,
  retired,
} from '../support/regions.ts'

const tokenOf = ({ privateKey, jwk }: OwnKey): Promise<string> =>
  new SignJWT({ sub: 'prov' }).setProtectedHeader({ alg: 'EdDSA', kid: jwk.kid }).sign(privateKey)

test('keys of the public set verify a token, active and retired ones, and no others', async () => {
  const place = { root: 'mem:/', objects: memoryObjects(shared()) }
  const [eu, us] = await Promise.all([regionNamed('eu'), regionNamed('us')])
  const [first, second, old, revoked, stranger] = await Promise.all([ownKey(), ownKey(), ownKey(), ownKey(), ownKey()])
  await publishFile(place, eu, 1, [active(first), retired(old, 3)])
  const why = { since: '2026-01-01T00:00:00Z', reason: 'stolen' }
  await publishFile(place, us, 1, [active(second), { jwk: revoked.jwk, status: 'revoked', revoked: why }])
  await mergeOnce(place, [eu, us])
  const set = createRemoteJWKSet(new URL('https://keys.example.com/keys.json'), {
    [customFetch]: async () =>
      new Response(await readText(place, PUBLIC), { headers: { 'content-type': 'application/json' } }),
  })
  for (const key of [first, second, old]) {
    expect((await jwtVerify(await tokenOf(key), set)).payload.sub).toBe('prov')
  }
  for (const key of [revoked, stranger]) {
    await expect(jwtVerify(await tokenOf(key), set)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
  }
})
