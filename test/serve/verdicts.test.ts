/** Verdicts over HTTP, on a real registry: what Gatekeeper and auditors are told. */
import { expect, test } from 'vitest'
import { describeWith } from '../servers/endpoints.ts'
import { ask, provide, startService } from '../support/service.ts'
import { signedImages } from '../support/signed-images.ts'
import { newKey } from '../support/stage.ts'

describeWith(['distribution'], 'a service over one registry', () => {
  test('items come in the order of the keys, and a verdict that is not there is an error', async () => {
    await using signed = await signedImages(2)
    const service = await startService(signed.flags)
    const [first = '', second = ''] = signed.images
    const foreign = first.replace(signed.proxy.endpoint, 'registry.example')
    const tagged = first.replace(/@.*/, ':v1')
    const keys = [second, signed.unsigned, foreign, tagged, first, second]
    const { status, items = [], idempotent } = await provide(service.address, '/verify', keys)
    expect(status).toBe(200)
    expect(idempotent).toBeUndefined()
    expect(items.map(({ key }) => key)).toEqual(keys)
    const verified = { isSuccess: true, verdict: 'verified', exit: 0, cached: false, age: 0 }
    expect(items.map(({ value }) => value)).toEqual([
      verified,
      { isSuccess: false, verdict: 'absent', exit: 5, cached: false, age: 0, reason: expect.stringMatching(/^\w+: /) },
      undefined,
      undefined,
      verified,
      verified,
    ])
    expect(items[2]?.error).toMatch(/^host_refused: /)
    expect(items[3]?.error).toMatch(/^image_invalid: .*no digest.*\/mutate/)
  })

  test('/mutate puts the digest in the place of a tag, once it verifies', async () => {
    await using signed = await signedImages(1)
    const service = await startService(signed.flags)
    const [image = ''] = signed.images
    const [repository = ''] = image.split('@')
    // Each image of the kit is pushed as v1: the last one is not signed.
    const { items = [], idempotent } = await provide(service.address, '/mutate', [
      image,
      `${repository}:v1`,
      `${repository}:none`,
    ])
    expect(idempotent).toBe(true)
    expect(items[0]).toEqual({ key: image, value: image })
    expect(items[1]?.value).toBeUndefined()
    expect(items[1]?.error).toMatch(/^absent: /)
    expect(items[2]?.error).toMatch(/^image_invalid: .*has no tag none/)
  })

  test('GET /v1/verify says what prov verify says', async () => {
    await using signed = await signedImages(1)
    const service = await startService(signed.flags)
    const [image = ''] = signed.images
    const path = `/v1/verify?image=${encodeURIComponent(image)}`
    const { status, ...got } = await ask(service.address, path)
    expect(status).toBe(200)
    expect(got.json()).toEqual({
      image,
      verdict: 'verified',
      exit: 0,
      findings: [],
      holding: ['oci'],
      cached: false,
      age: 0,
      policy: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      keys: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    })
  })

  test('a signature by another key is refused', async () => {
    await using signed = await signedImages(1)
    const flags = signed.flags.map((flag) => (flag === signed.key.public ? newKey().public : flag))
    const service = await startService(flags)
    const { items = [] } = await provide(service.address, '/verify', signed.images)
    expect(items[0]?.value).toMatchObject({ isSuccess: false, verdict: 'refused', exit: 3 })
  })

  test('with serve.tags a key may be a tag, and the value names what was judged', async () => {
    await using signed = await signedImages(1)
    const service = await startService([...signed.flags, '--set', 'serve.tags=true'])
    const tagged = signed.unsigned.replace(/@.*/, ':v1')
    const { items = [] } = await provide(service.address, '/verify', [tagged])
    expect(items[0]?.value).toMatchObject({ verdict: 'absent', image: signed.unsigned })
  })
})
