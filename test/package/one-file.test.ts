/** The one file that runs without Node.js, on a machine that has none: a PATH with nothing but a few commands of the system. */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { withOutput } from '../readme/walk.ts'
import { type Outcome, ROOT, run } from '../support/cli.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

/** A folder with these commands of the system and no other. */
function commandsOnly(names: readonly string[]): string {
  const folder = scratch()
  for (const name of names) symlinkSync(`/bin/${name}`, join(folder, name))
  return folder
}

describe('the one file', () => {
  const folder = scratch()
  const file = join(folder, `prov-${process.platform}-${process.arch}`)
  const nothing = scratch()

  const prov = (args: readonly string[], cwd = nothing, env: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
    run(file, args, { cwd, env: { PATH: nothing, COSIGN_PASSWORD: PASSWORD, ...env } })

  beforeAll(async () => {
    const made = await run(process.execPath, ['package.ts', '--only', 'file', '--to', folder], {
      env: { PATH: process.env['PATH'] ?? '' },
    })
    expect(made.code, made.stderr + made.stdout).toBe(0)
  })

  it('knows its version, and prints help', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(await prov(['--version'])).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(version) })
    expect(await prov(['verify', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: prov verify/),
    })
  })

  it('stores in a run, a registry, a database and two buckets that are files, and verifies them', async () => {
    const run = runFixture('buildpacks-taskrun.yaml')
    const cwd = scratch()
    const settings = {
      'storage.oci.layout': 'layout',
      'storage.docdb.url': 'sqlite:prov.db',
      'storage.gcs.directory': 'gcs',
      'storage.s3.directory': 's3',
    }
    writeFileSync(join(cwd, 'prov.yaml'), JSON.stringify(settings))
    const where = ['--config', 'prov.yaml', '--storage', 'tekton,oci,docdb,gcs,s3', '--json']
    const stored = await prov(['store', ...where, '--key', PRIVATE_KEY, run], cwd)
    expect(stored.code, stored.stderr).toBe(0)
    const verified = await prov(['verify', ...where, '--key', PUBLIC_KEY, run], cwd)
    expect(verified.code, verified.stderr).toBe(0)
    const { artifacts } = JSON.parse(verified.stdout) as { artifacts: readonly { rows: readonly { mark: string }[] }[] }
    expect(artifacts.flatMap(({ rows }) => rows.map(({ mark }) => mark))).toEqual(Array(10).fill('='))
  })

  it('has the clients of every service: each fails at the network, not at a missing part', async () => {
    const nobody = 'http://127.0.0.1:9'
    const services: readonly (readonly [string, readonly string[]])[] = [
      ['s3', ['storage.s3.bucket=b', `storage.s3.endpoint=${nobody}`, 'storage.s3.region=r']],
      ['gcs', ['storage.gcs.bucket=b', `storage.gcs.endpoint=${nobody}`]],
      ['archivista', [`storage.archivista.url=${nobody}`]],
      ['grafeas', ['storage.grafeas.projectid=p', `storage.grafeas.endpoint=${nobody}`]],
      ['oci', ['storage.oci.repository=127.0.0.1:9/acme/app']],
      ['docdb', ['storage.docdb.url=mongo://db/entries?id_field=Name']],
      ['docdb', ['storage.docdb.url=dynamodb://entries?partition_key=Name']],
      ['docdb', ['storage.docdb.url=firestore://projects/p/databases/(default)/documents/entries?name_field=Name']],
    ]
    const file = runFixture('kaniko-taskrun.json')
    const asked = services.map(async ([name, settings]) => {
      const set = ['storage.retries=0', ...settings].flatMap((setting) => ['--set', setting])
      const { stdout } = await prov(
        ['verify', '--storage', name, ...set, '--timeout', '3', '--key', PUBLIC_KEY, '--json', file],
        nothing,
        {
          AWS_ACCESS_KEY_ID: 'a',
          AWS_SECRET_ACCESS_KEY: 'b',
          AWS_REGION: 'r',
          AWS_ENDPOINT_URL: nobody,
          FIRESTORE_EMULATOR_HOST: '127.0.0.1:9',
          MONGO_SERVER_URL: 'mongodb://127.0.0.1:9',
        },
      )
      return [settings.at(-1), /"code": ?"(unreachable|timed_out)"/.test(stdout) ? 'looked' : stdout]
    })
    expect(await Promise.all(asked)).toEqual(services.map(([, settings]) => [settings.at(-1), 'looked']))
  })

  it('refuses by name what is no part of it, and says what to do', async () => {
    const kafka = ['storage.pubsub.topic=t', 'storage.pubsub.kafka.bootstrap.servers=127.0.0.1:9']
    const set = kafka.flatMap((setting) => ['--set', setting])
    const stored = await prov([
      'store',
      ...['--storage', 'tekton,kafka', ...set, '--key', PRIVATE_KEY, runFixture('maven-taskrun.json')],
    ])
    expect(stored.stdout + stored.stderr).toMatch(/not_supported: .*Kafka/)
    expect(stored.stdout + stored.stderr).toContain('npm install prov @platformatic/kafka')
    expect(stored.code).toBeGreaterThan(0)

    const cwd = scratch()
    writeFileSync(join(cwd, 'mine.js'), 'export const open = () => ({})')
    const own = await prov(['conform', './mine.js'], cwd)
    expect(own).toMatchObject({ code: 2 })
    expect(own.stderr).toMatch(/not_supported: this prov is one file.*npm install prov/)
  })

  it("walks the README's way to the first verified copy in under a minute", async () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
    const path = commandsOnly(['bash', 'sh', 'cat', 'sed', 'cp'])
    expect((await run('/bin/bash', ['-c', 'command -v node'], { env: { PATH: path } })).code).not.toBe(0)
    const began = Date.now()
    expect(await withOutput(readme, { prov: [file], path })).toBe(readme)
    expect(Date.now() - began).toBeLessThan(60_000)
  })
})
