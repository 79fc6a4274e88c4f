import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeWith, REGISTRIES, registry, server } from './endpoints.ts'

for (const name of REGISTRIES) {
  describeWith([name], `server ${name}`, () => {
    it('answers the version check of the distribution protocol', async () => {
      const response = await fetch(`http://${registry(name)}/v2/`)
      expect(response.status).toBe(200)
    })
  })
}

describeWith(['distribution-auth'], 'server distribution-auth', () => {
  it('wants the user and password that start.sh prints', async () => {
    const vars = await server('distribution-auth')
    const url = `http://${vars['DISTRIBUTION_AUTH']}/v2/`
    const authorization = `Basic ${btoa(`${vars['DISTRIBUTION_AUTH_USER']}:${vars['DISTRIBUTION_AUTH_PASSWORD']}`)}`
    expect((await fetch(url)).status).toBe(401)
    expect((await fetch(url, { headers: { authorization } })).status).toBe(200)
  })
})

describeWith(['cue-oci'], 'start.sh', () => {
  it('prints the same lines for a server that runs', () => {
    const lines = () => execFileSync(join(import.meta.dirname, 'start.sh'), ['cue-oci'], { encoding: 'utf8' })
    expect(lines()).toBe(lines())
  })

  it('refuses a name that it does not know', () => {
    const { status, stderr } = spawnSync(join(import.meta.dirname, 'start.sh'), ['no-such'], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('no server no-such; names: cue-oci'),
    })
  })
})

describeWith(['redis'], 'server redis', () => {
  it('keeps nothing on the disk, and evicts nothing', async () => {
    const { REDIS = '' } = await server('redis')
    const { Redis } = await import('ioredis')
    const redis = new Redis(REDIS)
    try {
      expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction'])
      expect(await redis.config('GET', 'save')).toEqual(['save', ''])
    } finally {
      redis.disconnect()
    }
  })
})
