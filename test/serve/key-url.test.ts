/** Keys of a URL under a service that goes on: one that is added, and one that is revoked, count without a restart. */
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { publicJwk } from '../../src/keys/jwk.ts'
import { spki } from '../../src/keys/key-id.ts'
import { PUBLIC } from '../../src/keysets/place.ts'
import type { KeyToPublish } from '../../src/keysets/publication.ts'
import { describeWith } from '../servers/endpoints.ts'
import { keySite } from '../support/key-site.ts'
import { memoryObjects, shared } from '../support/memory-objects.ts'
import { active, mergeOnce, ownKey, publishFile, readText, regionNamed, regionsFile } from '../support/regions.ts'
import { scratch } from '../support/scratch.ts'
import { ask, type Started, startService } from '../support/service.ts'
import { signedImages } from '../support/signed-images.ts'

interface Answered {
  readonly verdict: string
  readonly cached: boolean
  readonly findings: readonly { readonly code: string }[]
}

/** Keys of a URL are asked for every 30 seconds; a busy machine takes longer to answer. */
const WITHIN_MS = 60_000

describeWith(['distribution'], '--key https://…/keys.json', () => {
  test('a key that is added, and then revoked, changes the verdict without a restart', {
    timeout: 180_000,
  }, async () => {
    await using signed = await signedImages(1)
    const [image = ''] = signed.images
    const [site, eu, stranger] = [await keySite(), await regionNamed('eu'), await ownKey()]
    const own = { jwk: await publicJwk(spki(createPublicKey(readFileSync(signed.key.public)))), from: FROM }
    const place = { root: 'mem:/', objects: memoryObjects(shared()) }
    const publish = async (seq: number, ...keys: readonly KeyToPublish[]): Promise<void> => {
      await publishFile(place, eu, seq, [active(stranger), ...keys])
      await mergeOnce(place, [eu])
      site.serve({ '/keys.json': (await readText(place, PUBLIC)) ?? '' }, { 'cache-control': 'max-age=1' })
    }
    await publish(1)

    const publishers = regionsFile(scratch(), [eu])
    const url = `${site.base}keys.json`
    const flags = [...signed.flags.map((flag) => (flag === signed.key.public ? url : flag)), '--cache', 'memory']
    const services = [
      await startService(flags, site.env),
      await startService([...flags, '--key-publisher', publishers], site.env),
    ]

    const verdict = async ({ address }: Started): Promise<Answered> =>
      (await ask(address, `/v1/verify?image=${image}`)).json<Answered>()
    /** The first answer that says something else than so far. */
    const next = async (service: Started, sofar: string): Promise<Answered> => {
      for (const end = performance.now() + WITHIN_MS; ; await sleep(200)) {
        const answered = await verdict(service)
        if (answered.verdict !== sofar || performance.now() > end) return answered
      }
    }
    const each = <T>(work: (service: Started) => Promise<T>): Promise<readonly T[]> => Promise.all(services.map(work))
    const twice = (one: object) => [one, one].map((like) => expect.objectContaining(like))

    expect(await each(verdict)).toEqual(twice({ verdict: 'refused', cached: false }))
    await publish(2, { ...own, status: 'active' })
    expect(await each((service) => next(service, 'refused'))).toEqual(twice({ verdict: 'verified', cached: false }))
    expect(await each(verdict)).toEqual(twice({ verdict: 'verified', cached: true }))
    await publish(3, { ...own, status: 'revoked', revoked: { since: FROM, reason: 'the disk was stolen' } })
    const after = await each((service) => next(service, 'verified'))
    expect(after).toEqual(twice({ verdict: 'refused', cached: false }))
    expect(after.map(({ findings }) => findings[0]?.code)).toEqual(['key_revoked', 'key_revoked'])
    expect(services.map(({ log }) => log.filter(({ event }) => event === 'reloaded').length)).toEqual([2, 2])
  })
})

const FROM = '2026-01-01T00:00:00Z'
