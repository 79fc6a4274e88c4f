/** `prov config`: what is in force, where it came from, every error at once, and the schema. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { configSchema } from '../../src/config/schema.ts'
import { readValue } from '../../src/config/value.ts'
import { SETTINGS_TABLE } from '../../src/setup/settings-table.ts'
import { prov } from '../support/cli.ts'
import { scratch } from '../support/scratch.ts'

function fileOf(text: string): string {
  const path = join(scratch(), 'prov.yaml')
  writeFileSync(path, text)
  return path
}

interface Shown {
  readonly settings: readonly { readonly key: string; readonly value?: string; readonly origin: string }[]
}

describe('prov config', () => {
  test('show says what is in force and where it came from; flags win over the environment, it over the file', async () => {
    const config = fileOf('builder.id: from-file\nstorage.retries: 1\nstorage.oci.hosts: [ghcr.io]\n')
    const env = { PROV_BUILDER_ID: 'from-env', PROV_STORAGE_RETRIES: '2' }
    const shown = await prov(['config', 'show', '--json', '--config', config, '--set', 'storage.retries=3'], { env })
    const { settings } = JSON.parse(shown.stdout) as Shown
    const of = (key: string): unknown => settings.find((row) => row.key === key)
    expect(of('storage.retries')).toMatchObject({ value: '3', origin: 'flag' })
    expect(of('builder.id')).toMatchObject({ value: 'from-env', origin: 'environment' })
    expect(of('storage.oci.hosts')).toMatchObject({ value: 'ghcr.io', origin: 'file' })
    expect(of('storage.oci.tag-writes')).toMatchObject({ value: 'readback', origin: 'default' })
  })

  test('show hides secrets', async () => {
    const env = { PROV_STORAGE_DOCDB_MONGO_SERVER_URL: 'mongodb://user:planted@db.example' }
    const { stdout, stderr, code } = await prov(['config', 'show'], { env })
    expect(code).toBe(0)
    expect(stdout).toContain('storage.docdb.mongo-server-url = (secret)  (environment)')
    expect(stdout + stderr).not.toContain('planted')
  })

  test('check names every error at once and exits 2; a sound configuration exits 0', async () => {
    const config = fileOf('builder.idd: x\nstorage.oci.tag-writes: never\nstorage.retries: many\n')
    const broken = await prov(['config', 'check', '--config', config])
    expect(broken.code).toBe(2)
    expect(broken.stderr).toMatch(
      /^prov: config_invalid: the configuration has 3 faults:\n {2}\S.*\n {2}\S.*\n {2}\S.*\nnext: prov explain config_invalid\n$/,
    )
    for (const word of ['builder.idd', 'storage.oci.tag-writes', 'storage.retries'])
      expect(broken.stderr).toContain(word)
    expect(await prov(['config', 'check', '--config', fileOf('builder.id: x\n')])).toMatchObject({
      code: 0,
      stderr: '',
    })
  })

  test.each([
    ['transparency.enabled: "true"', 'transparency.enabled=true', 'set false'],
    ['transparency.enabled: manual', 'transparency.enabled=manual', 'set false'],
    ['signers.kms.kmsref: gcpkms://projects/p', 'signers.kms.kmsref=gcpkms://projects/p', '--key'],
    ['signers.kms.auth.token: s3cret', 'signers.kms.auth.token yet', '--key'],
    ['signers.x509.fulcio.enabled: "true"', 'signers.x509.fulcio.enabled=true', 'set false'],
    ['artifacts.oci.signer: kms', 'artifacts.oci.signer=kms', 'set x509'],
    ['storage.pubsub.provider: inmemory', 'storage.pubsub.provider=inmemory', 'set google or kafka'],
  ])('check refuses what store would: %s', async (line, named, instead) => {
    const config = fileOf(`${line}\nbuilder.id: x\n`)
    const { code, stderr, stdout } = await prov(['config', 'check', '--config', config])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^prov: not_supported: /)
    expect(stderr).toContain(named)
    expect(stderr).toContain(instead)
    expect(stderr).not.toContain('s3cret')
  })

  test('check names everything that is refused at once, and what nothing asks for as a warning', async () => {
    const config = fileOf('transparency.enabled: "true"\nsigners.kms.kmsref: x\nfilter.managed-by: y\n')
    const { code, stdout } = await prov(['config', 'check', '--json', '--config', config])
    expect(code).toBe(2)
    const { error } = JSON.parse(stdout)
    expect(error.message).toMatch(/transparency\.enabled=true.*\n.*signers\.kms\.kmsref=x/)
    const idle = fileOf(
      'transparency.url: https://rekor.example\nfilter.managed-by: y\ntransparency.enabled: "false"\n',
    )
    const sound = await prov(['config', 'check', '--json', '--config', idle])
    expect(sound.code).toBe(0)
    expect(JSON.parse(sound.stdout).warnings).toEqual([
      expect.stringContaining('transparency.url'),
      expect.stringContaining('filter.managed-by'),
    ])
  })

  test('the schema knows exactly the keys of the table, and its values are those that validation takes', async () => {
    const { stdout } = await prov(['config', 'schema'])
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(configSchema(SETTINGS_TABLE))))
    const properties = configSchema(SETTINGS_TABLE).properties as Readonly<
      Record<string, { enum?: readonly unknown[]; pattern?: string }>
    >
    expect(Object.keys(properties)).toEqual(SETTINGS_TABLE.rows.map((row) => row.key))
    for (const row of SETTINGS_TABLE.rows) {
      for (const value of properties[row.key]?.enum ?? []) {
        expect(readValue(row, String(value)), `${row.key}=${String(value)}`).toHaveProperty('value')
      }
      const pattern = properties[row.key]?.pattern
      if (row.default !== undefined && pattern !== undefined) expect(row.default).toMatch(new RegExp(pattern))
    }
  })
})
