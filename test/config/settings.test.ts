import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../backends/index.ts'
import { loadSettings, type Settings, type SettingsSource } from '../../src/config/settings.ts'
import { refuseUnsupported } from '../../src/config/unsupported-settings.ts'
import { ProvError } from '../../src/errors.ts'
import { SETTINGS_TABLE } from '../../src/setup/settings-table.ts'

const folder = mkdtempSync(join(tmpdir(), 'prov-config-'))
let files = 0

function file(text: string | Uint8Array): string {
  const path = join(folder, `${files++}.yaml`)
  writeFileSync(path, text)
  return path
}

function load(source: Partial<SettingsSource>): Promise<Settings> {
  return loadSettings({ table: SETTINGS_TABLE, set: [], env: {}, ...source })
}

async function failure(source: Partial<SettingsSource>): Promise<ProvError> {
  const error = await load(source).catch((thrown: unknown) => thrown)
  if (error instanceof ProvError) return error
  throw new Error('expected a ProvError')
}

function configMap(data: string, head = 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: chains-config}'): string {
  return file(`${head}\ndata:\n${data.replace(/^/gm, '  ')}\n`)
}

describe('the table', () => {
  const table = SETTINGS_TABLE.rows

  it('gives every key a variable of its own', () => {
    expect(new Set(table.map((row) => row.variable)).size).toBe(table.length)
  })

  it('reads its own defaults and names real keys', async () => {
    const set = table.flatMap(({ key, default: value }) => (value === undefined ? [] : [`${key}=${value}`]))
    const settings = await load({ set })
    expect(settings.warnings).toEqual([])
    for (const { key, default: value, fallback, allowed, later } of table) {
      if (value !== undefined) expect([key, settings.get(key)]).toEqual([key, value])
      if (fallback !== undefined) expect(table.some((row) => row.key === fallback)).toBe(true)
      if (Array.isArray(later)) for (const one of later) expect(allowed ?? ['true']).toContain(one)
    }
  })

  it('has the keys of a backend under its own name', () => {
    for (const [name, { settings }] of Object.entries(BACKENDS)) {
      const keys = [...Object.keys(settings?.chains ?? {}), ...Object.keys(settings?.prov ?? {})]
      expect(keys.filter((key) => !key.startsWith(`storage.${name}.`))).toEqual([])
      expect(table.filter((row) => row.usedBy === name).map((row) => row.key)).toEqual(keys)
    }
  })

  it('lets every backend be named, and no other', () => {
    const allowed = table.find((row) => row.key === 'artifacts.taskrun.storage')?.allowed ?? []
    expect([...allowed].sort()).toEqual(Object.keys(BACKENDS).sort())
    const runs = table.find((row) => row.key === 'artifacts.pipelinerun.storage')?.allowed ?? []
    expect(runs).toEqual(allowed.filter((name) => name !== 'kafka'))
  })
})

describe('precedence', () => {
  const config = file('storage:\n  oci:\n    repository: from/file\n    layout: file\n  timeout: 10s\n')
  const env = {
    PROV_STORAGE_OCI_REPOSITORY: 'from/env',
    PROV_STORAGE_OCI_LAYOUT: 'env',
    HOME: '/x',
    PROV_PASSWORD: 'p',
  }

  it('is flags, then environment, then file, then default', async () => {
    const settings = await load({
      set: ['storage.oci.repository=a', 'storage.oci.repository=from/flag=x'],
      env,
      config,
    })
    expect(settings.get('storage.oci.repository')).toBe('from/flag=x')
    expect(settings.origin('storage.oci.repository')).toBe('flag')
    expect(settings.get('storage.oci.layout')).toBe('env')
    expect(settings.origin('storage.oci.layout')).toBe('environment')
    expect(settings.get('storage.timeout')).toBe('10s')
    expect(settings.origin('storage.timeout')).toBe('file')
    expect(settings.get('storage.oci.tag-writes')).toBe('readback')
    expect(settings.origin('storage.oci.tag-writes')).toBe('default')
    expect(settings.get('storage.gcs.bucket')).toBeUndefined()
  })

  it('lets the empty text unset, and one timeout stand for all', async () => {
    const settings = await load({ set: ['storage.oci.layout='], env, config })
    expect(settings.get('storage.oci.layout')).toBeUndefined()
    expect(settings.get('storage.oci.timeout')).toBe('10s')
    expect((await load({ set: ['storage.oci.timeout=5'], config })).get('storage.oci.timeout')).toBe('5s')
  })

  it('finds the file by PROV_CONFIG too', async () => {
    expect((await load({ env: { PROV_CONFIG: config } })).get('storage.oci.layout')).toBe('file')
  })
})

describe('values, as Chains reads them', () => {
  it.each([
    ['storage.oci.repository.insecure', 'T', 'true'],
    ['storage.oci.repository.insecure', '0', 'false'],
    ['artifacts.taskrun.storage', ' tekton ,oci,tekton', 'tekton,oci'],
    ['artifacts.taskrun.storage', '', ''],
    ['storage.oci.hosts', 'a.io, [::1]:5000', 'a.io,[::1]:5000'],
    ['builder.id', ' as it is ', ' as it is '],
    ['transparency.enabled', 'manual', 'manual'],
    ['storage.timeout', '500ms', '500ms'],
    ['storage.timeout', '1.5m', '1.5m'],
    ['storage.retries', '0', '0'],
  ])('%s=%s is %s', async (key, text, value) => {
    const settings = await load({ set: [`${key}=${text}`] })
    expect([settings.get(key), settings.warnings]).toEqual([value, []])
  })

  it.each([
    ['storage.oci.repository.insecure', 'yes', 'false'],
    ['storage.oci.repository.insecure', ' true', 'false'],
    ['artifacts.pipelinerun.enable-deep-inspection', 'tRUE', 'false'],
    ['transparency.enabled', 'True', 'false'],
    ['transparency.enabled', '1', 'false'],
  ])('%s=%s is ignored with a warning', async (key, text, value) => {
    const settings = await load({ set: [`${key}=${text}`] })
    expect(settings.get(key)).toBe(value)
    expect(settings.warnings).toEqual([expect.stringContaining(key)])
  })

  it.each([
    ['artifacts.taskrun.storage', 'tekton,', 'empty element'],
    ['artifacts.taskrun.storage', ' ', 'empty element'],
    ['artifacts.taskrun.storage', 'tekton,terkton', '"terkton" is not one of'],
    ['artifacts.pipelinerun.storage', 'kafka', '"kafka" is not one of'],
    ['artifacts.taskrun.format', 'slsa/v1 ', 'is not one of'],
    ['artifacts.taskrun.format', '', 'is not one of'],
    ['artifacts.oci.format', 'in-toto', 'is not one of simplesigning'],
    ['storage.oci.tag-writes', 'Markers', 'is not one of markers, readback'],
    ['storage.timeout', '2h', 'not a duration'],
    ['storage.timeout', '0', 'not a duration'],
    ['storage.retries', '-1', 'whole number'],
    ['storage.oci.hosts', 'a,,b', 'empty element'],
    ['storage.oci.encoding-format', '', 'empty element'],
  ])('%s=%s is refused', async (key, text, reason) => {
    const error = await failure({ set: [`${key}=${text}`] })
    expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringContaining(reason) })
    expect(error.message).toContain(key)
  })
})

describe('slips', () => {
  it.each([
    [{ set: ['storage.oci.respository=x'] }, 'storage.oci.repository'],
    [{ env: { PROV_STORAGE_OCI_TAGWRITES: 'markers' } }, 'PROV_STORAGE_OCI_TAG_WRITES'],
    [{ config: file('storage: {oci: {tag-wirtes: markers}}') }, 'storage.oci.tag-writes'],
    [{ config: configMap('artifacts.taskrun.strage: tekton') }, 'artifacts.taskrun.storage'],
  ])('%o: the nearest name is offered', async (source, meant) => {
    expect(await failure(source)).toMatchObject({ code: 'config_unknown_key', hint: `did you mean ${meant}?` })
  })

  it('offers a value too, and nothing for what is near to nothing', async () => {
    expect((await failure({ set: ['artifacts.oci.storage=terkton'] })).hint).toBe('did you mean tekton?')
    expect((await failure({ set: ['something.else.entirely=1'] })).hint).toBeUndefined()
    expect((await failure({ set: ['constructor=1'] })).code).toBe('config_unknown_key')
    expect((await failure({ set: ['no-equals-sign'] })).code).toBe('config_invalid')
    expect((await failure({ set: ['=x'] })).code).toBe('config_invalid')
  })

  it('are gathered: each on a line, ten at most', async () => {
    const set = [
      'a.b=1',
      'artifacts.taskrun.storage=,',
      'storage.timeout=x',
      ...Array.from({ length: 9 }, (_, i) => `k${i}=`),
    ]
    const { message, code } = await failure({ set, env: { PROV_STORAGE_RETRIES: 'x' } })
    expect(code).toBe('config_invalid')
    expect(message.split('\n')).toHaveLength(12)
    expect(message).toMatch(/13 faults:\n {2}PROV_STORAGE_RETRIES: .*\n[\s\S]*and 3 more$/)
  })
})

describe('a file', () => {
  it('may be nested, flat or both', async () => {
    const settings = await load({
      config: file(`storage.oci.layout: /l
storage:
  oci:
    repository: r.io/x
    repository.insecure: true
    hosts: [a.io, b.io]
artifacts.taskrun:
  storage: [tekton, oci]
  signer: x509
`),
    })
    expect(settings.get('storage.oci.layout')).toBe('/l')
    expect(settings.get('storage.oci.repository')).toBe('r.io/x')
    expect(settings.get('storage.oci.repository.insecure')).toBe('true')
    expect(settings.get('storage.oci.hosts')).toBe('a.io,b.io')
    expect(settings.get('artifacts.taskrun.storage')).toBe('tekton,oci')
    expect((await load({ config: file('') })).get('artifacts.taskrun.storage')).toBe('tekton')
  })

  it('keeps text as it is written, whatever YAML makes of it', async () => {
    const settings = await load({ config: file('builder.id: 0x10\nstorage.oci.layout: 1e3\nstorage.gcs.bucket: no\n') })
    expect(['builder.id', 'storage.oci.layout', 'storage.gcs.bucket'].map((key) => settings.get(key))).toEqual([
      '0x10',
      '1e3',
      'no',
    ])
  })

  it('may be the ConfigMap chains-config as it is', async () => {
    const settings = await load({
      config: configMap(`_example: |
  not.a.key: x
artifacts.taskrun.format: slsa/v1
artifacts.taskrun.storage: "tekton, oci"
artifacts.oci.storage: ""
transparency.enabled: "true"
transparency.url: https://rekor.example
signers.x509.fulcio.enabled: "maybe"
signers.kms.kmsref: gcpkms://x`),
    })
    expect(settings.get('artifacts.taskrun.storage')).toBe('tekton,oci')
    expect(settings.get('artifacts.oci.storage')).toBe('')
    expect(settings.origin('artifacts.oci.storage')).toBe('file')
    expect(settings.get('transparency.url')).toBe('https://rekor.example')
    expect(settings.warnings).toEqual([expect.stringContaining('signers.x509.fulcio.enabled: "maybe"')])
  })

  it('warns when the ConfigMap is another or empty', async () => {
    const other = configMap('builder.id: x', 'kind: ConfigMap\nmetadata: {name: other}')
    expect((await load({ config: other })).warnings).toEqual([expect.stringContaining('"other", not chains-config')])
    const empty = file('kind: ConfigMap\napiVersion: v1\nmetadata: {name: chains-config}\n')
    expect((await load({ config: empty })).warnings).toEqual([expect.stringContaining('without settings')])
    const none = file('kind: ConfigMap\nmetadata: {name: chains-config}\ndata:\n')
    expect((await load({ config: none })).warnings).toEqual([expect.stringContaining('without settings')])
  })

  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefgh'.split('').map((n, i) => `${n}: &${n} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]`),
  ]
  it.each([
    ['a missing file', join(folder, 'absent.yaml'), 'does not exist'],
    ['a folder', folder, 'is a directory'],
    ['an endless file', '/dev/zero', 'larger than'],
    ['another kind', file('kind: TaskRun\napiVersion: tekton.dev/v1\n'), 'kind "TaskRun"'],
    ['a list', file('- a\n'), 'not a mapping'],
    ['a word', file('hello'), 'not a mapping'],
    ['two documents', file('a: 1\n---\nb: 1\n'), 'more than one document'],
    ['a key twice', file('builder.id: a\nbuilder.id: b\n'), 'line 2, column 1 (DUPLICATE_KEY)'],
    ['a key flat and nested', file('builder.id: a\nbuilder: {id: b}\n'), 'builder.id is set twice'],
    ['bad YAML', file('a: [\n'), 'is not valid YAML'],
    ['binary', file(Buffer.from([0xff, 0xfe, 0, 1])), 'not UTF-8'],
    ['a YAML bomb', file(bomb.join('\n')), 'full of aliases'],
    ['deep nesting', file('['.repeat(100_000)), 'is not valid YAML'],
    ['deep mappings', file(`${'{a: '.repeat(50)}x${'}'.repeat(50)}`), 'nested too deeply'],
    ['a list for one value', file('builder.id: [a]\n'), 'takes one value'],
    ['an empty element', file('storage.oci.hosts: [a, ""]\n'), 'empty element'],
    ['a mapping in a list', file('storage.oci.hosts: [{a: b}]\n'), 'something else than plain values'],
    ['data that is a list', file('kind: ConfigMap\ndata: [a]\n'), 'not a mapping'],
  ])('%s is refused', async (_, config, reason) => {
    const error = await failure({ config })
    expect(error).toMatchObject({ code: expect.stringMatching(/^config_/), message: expect.stringContaining(reason) })
    expect(error.message).not.toContain('\n')
  })
})

describe('secrets', () => {
  const TOKEN = 'planted-token-8842'

  it.each([
    [{ set: [`signers.kms.auth.token=${TOKEN}`] }],
    [{ set: [`storage.docdb.url=mongodb://me:${TOKEN}@host/x`] }],
    [{ set: [`signers.kms.auth.tokn=${TOKEN}`] }],
    [{ set: [TOKEN] }],
    [{ env: { PROV_SIGNERS_KMS_AUTH_TOKN: TOKEN } }],
    [{ config: file(`signers.kms.auth.token: "${TOKEN}\n`) }],
    [{ config: file(`signers.kms.auth.token: [${TOKEN}]\n`) }],
    [{ config: file(`signers.kms.auth.token: !!binary ${TOKEN}\nsigners: !x {${TOKEN}: 1}`) }],
  ])('are in no error: %#', async (source) => {
    const error = await failure(source)
    expect([error.message, error.hint, error.stack, String(error.cause)].join()).not.toContain(TOKEN)
  })

  it('are read from the environment and from a file', async () => {
    expect((await load({ env: { PROV_SIGNERS_KMS_AUTH_TOKEN: TOKEN } })).get('signers.kms.auth.token')).toBe(TOKEN)
    expect((await load({ config: file(`signers.kms.auth.token: ${TOKEN}`) })).get('signers.kms.auth.token')).toBe(TOKEN)
  })
})

describe('what this version lacks', () => {
  it('is refused only where it would be used', async () => {
    const settings = await load({
      set: ['transparency.enabled=true', 'artifacts.taskrun.signer=kms'],
      env: { PROV_SIGNERS_KMS_AUTH_TOKEN: 'planted' },
    })
    expect(() => refuseUnsupported(settings, ['format', 'tekton'])).not.toThrow()
    expect(() => refuseUnsupported(settings, ['store'])).toThrow('does not have transparency.enabled=true yet')
    const manual = await load({ set: ['transparency.enabled=manual'] })
    expect(() => refuseUnsupported(manual, ['store'])).not.toThrow()
    expect(() => refuseUnsupported(manual, ['upload'])).toThrow('does not have transparency.enabled=manual yet')
    expect(() => refuseUnsupported(settings, ['oci', 'signer'])).toThrow(
      'does not have artifacts.taskrun.signer=kms yet',
    )
    expect(() => refuseUnsupported(settings, ['kms'])).toThrow('signers.kms.auth.token yet')
  })

  it('is not refused for a default, nor for a value that is there', async () => {
    const uses = [...new Set(SETTINGS_TABLE.rows.map((row) => row.usedBy))]
    expect(() =>
      refuseUnsupported({ get: () => 'x', origin: () => 'default', warnings: [], table: SETTINGS_TABLE }, uses),
    ).not.toThrow()
    const plain = await load({ set: ['transparency.enabled=false', 'artifacts.taskrun.format=slsa/v1'] })
    expect(() => refuseUnsupported(plain, uses)).not.toThrow()
  })
})

it('has no setting that nobody knows', async () => {
  const settings = await load({})
  expect(() => settings.get('storage.oci.x')).toThrow('unknown setting storage.oci.x')
})
