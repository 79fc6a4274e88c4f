/** A store into five backends that is killed at any request: one more store completes it with the same signatures. */
import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith, registry, server } from '../servers/endpoints.ts'
import { type Outcome, prov } from '../support/cli.ts'
import { freshBucket as gcsBucket } from '../support/gcs.ts'
import { type Proxy as FaultProxy, type Rule, startProxy } from '../support/proxy.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runWithImage } from '../support/runs.ts'
import { account, freshBucket as s3Bucket } from '../support/s3.ts'

/** Every sixth request is tried, other ones before than after it is served; PROV_KILL_STEP=1 tries all, for a quarter of an hour. */
const STEP = Number(process.env['PROV_KILL_STEP'] ?? 6)

describeWith(['distribution', 'fake-gcs', 'versitygw'], 'five backends, killed at any request', () => {
  let proxies: Readonly<Record<'oci' | 'gcs' | 's3', FaultProxy>>
  let env: Record<string, string>

  beforeAll(async () => {
    const s3 = await account('versitygw')
    proxies = {
      oci: await startProxy(registry('distribution')),
      gcs: await startProxy(((await server('fake-gcs'))['FAKE_GCS'] ?? '').replace('http://', '')),
      s3: await startProxy(s3.endpoint.replace('http://', '')),
    }
    env = { ...s3.env, COSIGN_PASSWORD: PASSWORD }
  })
  afterAll(async () => {
    for (const proxy of Object.values(proxies)) await proxy.close()
  })

  function use(rule: Rule | undefined): void {
    for (const proxy of Object.values(proxies)) proxy.use(rule)
  }

  async function storeKilledAt(
    n: number,
    when: 'before' | 'after',
  ): Promise<{ killed: boolean; verify: Outcome; store: Outcome }> {
    const { file } = await runWithImage(registry('distribution'), { through: proxies.oci.endpoint })
    const config = join(dirname(file), 'five.yaml')
    const gcs = await gcsBucket()
    const s3 = await s3Bucket(await account('versitygw'))
    writeFileSync(
      config,
      [
        `storage.docdb.url: sqlite:${join(dirname(file), 'prov.db')}`,
        `storage.gcs.bucket: ${gcs.name}`,
        `storage.gcs.endpoint: http://${proxies.gcs.endpoint}`,
        `storage.s3.bucket: ${s3.name}`,
        `storage.s3.endpoint: http://${proxies.s3.endpoint}`,
        'storage.s3.path-style: true',
      ].join('\n'),
    )
    const common = ['--storage', 'tekton,oci,docdb,gcs,s3', '--config', config, '--json']
    const store = ['store', ...common, '--key', PRIVATE_KEY, file]
    let seen = 0
    let killed = false
    let child: ChildProcess | undefined
    use(() => {
      if (++seen !== n) return undefined
      killed = true
      return { cut: when, first: () => void child?.kill('SIGKILL') }
    })
    await prov(store, {
      env,
      started: (process) => {
        child = process
      },
    })
    use(undefined)
    const second = await prov(store, { env })
    return { killed, store: second, verify: await prov(['verify', ...common, '--key', PUBLIC_KEY, file], { env }) }
  }

  test.each(['before', 'after'] as const)('%s it is served', { timeout: 1_200_000 }, async (when) => {
    let tried = 0
    for (let n = when === 'before' || STEP < 4 ? 1 : 4; ; n += STEP) {
      const { killed, store, verify } = await storeKilledAt(n, when)
      expect(store.code, `request ${n}: ${store.stdout}${store.stderr}`).toBe(0)
      const { artifacts } = JSON.parse(verify.stdout) as {
        artifacts: readonly { rows: readonly { mark: string; signatures: readonly string[] }[] }[]
      }
      const rows = artifacts.flatMap((one) => one.rows)
      expect(rows.map((row) => row.mark).join(''), `request ${n}`).toBe('='.repeat(10))
      expect(rows.map((row) => row.signatures.length)).toEqual(Array(10).fill(1))
      if (!killed) break
      tried++
    }
    expect(tried).toBeGreaterThan(5)
  })
})
