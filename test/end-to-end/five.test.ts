/** Five backends at once, on real servers: one signature, five copies; each in turn broken, the others untouched, a re-run heals. */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith, registry, server } from '../servers/endpoints.ts'
import { type Outcome, prov } from '../support/cli.ts'
import { freshBucket as gcsBucket } from '../support/gcs.ts'
import { type Action, type Proxy as FaultProxy, startProxy } from '../support/proxy.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runWithImage } from '../support/runs.ts'
import { account, freshBucket as s3Bucket } from '../support/s3.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const STORAGE = 'tekton,oci,docdb,gcs,s3'
const REMOTE = ['oci', 'docdb', 'gcs', 's3'] as const
type Remote = (typeof REMOTE)[number]

interface Receipt {
  readonly backend: string
  readonly outcome: string
  readonly confirmed: boolean
  readonly error?: { readonly code: string }
}
interface Report {
  readonly exit: number
  readonly items: readonly {
    readonly signatures: readonly string[]
    readonly source: string
    readonly copies: readonly Receipt[]
  }[]
}

describeWith(['distribution', 'mongo-java', 'fake-gcs', 'versitygw'], 'five backends', () => {
  const http = new Map<string, FaultProxy>()
  let mongo: TcpProxy
  let env: Record<string, string>

  beforeAll(async () => {
    const mongoEndpoint = ((await server('mongo-java'))['MONGO_JAVA'] ?? '').replace('mongodb://', '')
    mongo = await startTcpProxy(mongoEndpoint)
    http.set('oci', await startProxy(registry('distribution')))
    http.set('gcs', await startProxy(((await server('fake-gcs'))['FAKE_GCS'] ?? '').replace('http://', '')))
    const s3 = await account('versitygw')
    http.set('s3', await startProxy(s3.endpoint.replace('http://', '')))
    env = { ...s3.env, COSIGN_PASSWORD: PASSWORD, MONGO_SERVER_URL: `mongodb://${mongo.endpoint}` }
  })
  afterAll(async () => {
    await mongo.close()
    for (const proxy of http.values()) await proxy.close()
  })

  function proxyOf(name: string): FaultProxy {
    const proxy = http.get(name)
    if (proxy === undefined) throw new Error(`no proxy for ${name}`)
    return proxy
  }

  /** A run of its own, with a configuration for places that nobody else has. */
  async function stage(): Promise<{ store(more?: readonly string[]): Promise<Outcome>; verify(): Promise<Outcome> }> {
    const { file } = await runWithImage(registry('distribution'), { through: proxyOf('oci').endpoint })
    const gcs = await gcsBucket()
    const s3 = await s3Bucket(await account('versitygw'))
    const config = join(dirname(file), 'five.yaml')
    writeFileSync(
      config,
      [
        'storage.docdb.url: mongo://prov/five?id_field=Name',
        `storage.gcs.bucket: ${gcs.name}`,
        `storage.gcs.endpoint: http://${proxyOf('gcs').endpoint}`,
        `storage.s3.bucket: ${s3.name}`,
        `storage.s3.endpoint: http://${proxyOf('s3').endpoint}`,
        'storage.s3.path-style: true',
        'storage.timeout: 20s',
        'storage.retries: 0',
      ].join('\n'),
    )
    const common = ['--storage', STORAGE, '--config', config, '--json']
    return {
      store: (more = []) => prov(['store', ...common, '--key', PRIVATE_KEY, ...more, file], { env, timeout: 120_000 }),
      verify: () => prov(['verify', ...common, '--key', PUBLIC_KEY, file], { env, timeout: 120_000 }),
    }
  }

  function reportOf({ stdout, stderr }: Outcome): Report {
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as Report
  }

  function marksOf({ stdout }: Outcome): string {
    const { artifacts } = JSON.parse(stdout) as { artifacts: readonly { rows: readonly { mark: string }[] }[] }
    return artifacts.flatMap((one) => one.rows.map((row) => row.mark)).join('')
  }

  function fail(name: Remote, action: Action | undefined): void {
    if (name === 'docdb') mongo.use(action === undefined ? 'pass' : 'hang' in action ? 'hang' : 'cut')
    else proxyOf(name).use(action === undefined ? undefined : () => action)
  }

  test('one signature an entry, ten copies, all =; a second store writes nothing', async () => {
    const { store, verify } = await stage()
    const first = reportOf(await store())
    expect(first.exit).toBe(0)
    expect(first.items.map((item) => item.signatures.length)).toEqual([1, 1])
    expect(first.items.flatMap((item) => item.copies.map((copy) => copy.outcome))).toEqual(Array(10).fill('written'))
    expect(marksOf(await verify())).toBe('='.repeat(10))
    const second = reportOf(await store())
    expect(second.items.flatMap((item) => item.copies.map((copy) => copy.outcome))).toEqual(Array(10).fill('unchanged'))
  })

  test.each(['oci', 'gcs', 's3'] as const)('%s slow: everything is stored all the same', async (name) => {
    const { store, verify } = await stage()
    fail(name, { delayMs: 300 })
    const report = reportOf(await store().finally(() => fail(name, undefined)))
    expect(report.exit).toBe(0)
    expect(marksOf(await verify())).toBe('='.repeat(10))
  })

  // Which of the two the driver of MongoDB sees first, a refused connection or the end of its patience, is a matter of timing.
  const gone = ['unreachable', 'timed_out']
  test.each<[Remote, string, Action, readonly string[]]>([
    ['oci', 'stopped', { cut: 'before' }, ['unreachable']],
    ['docdb', 'stopped', { cut: 'before' }, gone],
    ['gcs', 'stopped', { cut: 'before' }, ['unreachable']],
    ['s3', 'stopped', { cut: 'before' }, ['unreachable']],
    ['docdb', 'silent', { hang: true }, gone],
    ['oci', 'silent', { hang: true }, ['timed_out']],
    ['gcs', 'silent', { hang: true }, ['timed_out']],
    ['s3', 'silent', { hang: true }, ['timed_out']],
    ['oci', 'denied', { status: 403, body: '{}' }, ['denied']],
    ['gcs', 'denied', { status: 403, body: '{}' }, ['denied']],
    ['s3', 'denied', { status: 403, body: '{}' }, ['denied']],
    ['oci', 'throttled', { status: 429, headers: { 'retry-after': '1' }, body: '{}' }, ['throttled']],
    ['gcs', 'throttled', { status: 429, headers: { 'retry-after': '1' }, body: '{}' }, ['throttled']],
    ['s3', 'throttled', { status: 429, headers: { 'retry-after': '1' }, body: '{}' }, ['throttled']],
    ['oci', 'cut mid-answer', { cut: 'after' }, ['unreachable']],
    ['gcs', 'cut mid-answer', { cut: 'after' }, ['unreachable']],
    ['s3', 'cut mid-answer', { cut: 'after' }, ['unreachable']],
    ['oci', 'full', { status: 507, body: '{}' }, ['server_error']],
    ['gcs', 'full', { status: 507, body: '{}' }, ['server_error']],
    ['s3', 'full', { status: 507, body: '{}' }, ['server_error']],
  ])(
    '%s %s: its own code, the others untouched, a re-run heals with the same signature',
    async (name, _what, action, codes) => {
      const { store, verify } = await stage()
      fail(name, action)
      const broken = await store(['--timeout', '4']).finally(() => fail(name, undefined))
      const report = reportOf(broken)
      expect(report.exit).toBe(7)
      const copies = report.items.flatMap((item) => item.copies)
      for (const copy of copies.filter((c) => c.backend === name)) expect(codes).toContain(copy.error?.code)
      expect(copies.filter((copy) => copy.backend !== name).map((copy) => copy.confirmed)).toEqual(Array(8).fill(true))
      const healed = reportOf(await store())
      expect(healed.exit).toBe(0)
      expect(healed.items.map((item) => item.signatures)).toEqual(report.items.map((item) => item.signatures))
      expect(healed.items.map((item) => item.source)).toEqual(['adopted', 'adopted'])
      expect(marksOf(await verify())).toBe('='.repeat(10))
    },
  )
})
