/** The pieces of deploy/: a real API server takes the manifests, systemd the units; every flag and metric in them is prov's own. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { program } from '../../src/cli/program.ts'
import type { Io } from '../../src/platform/io.ts'
import { durationMs } from '../../src/platform/text/duration.ts'
import { API_VERSION } from '../../src/report/schemas/serve-request.ts'
import { VERDICTS } from '../../src/report/schemas/serve-response.ts'
import { KEYS_METRICS } from '../../src/service/keys-metrics.ts'
import { WORKER_METRICS } from '../../src/service/metrics.ts'
import { SETTINGS_TABLE } from '../../src/setup/settings-table.ts'
import { describeWith } from '../servers/endpoints.ts'
import { ROOT } from '../support/cli.ts'
import { realApi } from '../support/kubernetes-api.ts'

const textOf = (name: string): string => readFileSync(join(ROOT, 'deploy', name), 'utf8')

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

const documentsIn = (name: string): readonly Manifest[] =>
  parseAllDocuments(textOf(name)).map((one) => one.toJS() as Manifest)

const FILES = ['kubernetes/worker.yaml', 'kubernetes/serve.yaml', 'kubernetes/keys.yaml'] as const
const KEYS = documentsIn('kubernetes/keys.yaml')
const MANIFESTS = FILES.flatMap(documentsIn)

/** Where the API server takes each kind. */
const PLURALS: Readonly<Record<string, string>> = {
  ServiceAccount: 'serviceaccounts',
  Service: 'services',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Deployment: 'deployments',
  NetworkPolicy: 'networkpolicies',
  PodDisruptionBudget: 'poddisruptionbudgets',
  CronJob: 'cronjobs',
  Role: 'roles',
  RoleBinding: 'rolebindings',
}

function pathOf({ apiVersion, kind, metadata: { namespace } }: Manifest): string {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return `${base}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${PLURALS[kind]}`
}

interface Template {
  readonly spec: { readonly containers: readonly [{ readonly args: readonly string[] }] }
}

/** Flags of a command, with and without a value behind `=`. */
function flagsOf(words: readonly string[]): readonly string[] {
  return words.filter((word) => word.startsWith('--')).map((word) => word.split('=', 1)[0] ?? '')
}

/** Names of the settings that are set. */
function settingsOf(words: readonly string[]): readonly string[] {
  return words.filter((one) => one.startsWith('--set=')).map((one) => one.slice('--set='.length).split('=')[0] ?? '')
}

function knownFlags(...path: readonly string[]): readonly string[] {
  let command = program({ stdout: { columns: 80 }, env: {} } as unknown as Io, () => undefined)
  for (const name of path) {
    const next = command.commands.find((one) => one.name() === name)
    if (next === undefined) throw new Error(`no command ${name}`)
    command = next
  }
  return command.options.flatMap(({ long }) => long ?? [])
}

describeWith(['kube-apiserver'], 'the manifests for Kubernetes', () => {
  test('are taken by the API server, every member known', async () => {
    const api = await realApi()
    const named = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'prov' } }
    await api.call('POST', '/api/v1/namespaces', named, [409])
    expect([...new Set(MANIFESTS.map(({ kind }) => kind))].sort()).toEqual(Object.keys(PLURALS).sort())
    for (const one of MANIFESTS) {
      const query = '?dryRun=All&fieldValidation=Strict'
      expect((await api.call('POST', `${pathOf(one)}${query}`, one)).kind).toBe(one.kind)
    }
    const [account] = MANIFESTS
    const odd = { ...account, metadata: { ...account?.metadata, odd: true } }
    await expect(api.call('POST', `${pathOf(odd as Manifest)}?dryRun=All&fieldValidation=Strict`, odd)).rejects.toThrow(
      /odd/,
    )
  })
})

describe('what the pieces ask of prov', () => {
  test.each([
    ['kubernetes/worker.yaml', ['truth.password-file']],
    ['kubernetes/serve.yaml', ['storage.oci.hosts', 'cache.mac-key-file']],
  ])('the Deployment of %s: flags, settings and pages that are there', (file, expected) => {
    const deployment = documentsIn(file).find(({ kind }) => kind === 'Deployment') as unknown as {
      readonly spec: {
        readonly template: { readonly spec: { readonly containers: readonly [{ readonly args: readonly string[] }] } }
      }
    }
    const [command = '', ...args] = deployment.spec.template.spec.containers[0].args
    expect(flagsOf(args).filter((flag) => !knownFlags(command).includes(flag))).toEqual([])
    const keys = settingsOf(args)
    expect(keys.filter((key) => SETTINGS_TABLE.row(key) === undefined)).toEqual([])
    expect(keys).toEqual(expected)
  })

  test('Gatekeeper is pointed at paths of the service, and given no more time than prov takes', () => {
    const providers = documentsIn('gatekeeper/provider.yaml') as readonly (Manifest & {
      readonly spec: { readonly url: string; readonly timeout: number }
    })[]
    expect(providers.map(({ spec }) => new URL(spec.url).pathname)).toEqual(['/verify', '/mutate'])
    const deadlineMs = durationMs(SETTINGS_TABLE.row('serve.deadline')?.default ?? '')
    for (const { spec, apiVersion } of providers) {
      expect(apiVersion).toBe(API_VERSION)
      expect(deadlineMs).toBeLessThan(spec.timeout * 1000)
    }
    const names = providers.map(({ metadata }) => metadata.name)
    expect(textOf('gatekeeper/template.yaml')).toContain(`"provider": "${names[0]}"`)
    expect(textOf('gatekeeper/mutation.yaml')).toContain(`provider: ${names[1]}\n`)
  })

  test('the template denies unless an image is called verified in so many words', () => {
    const [template, constraint] = documentsIn('gatekeeper/template.yaml') as readonly (Manifest & {
      readonly spec: { readonly enforcementAction?: string; readonly targets?: readonly [{ readonly rego: string }] }
    })[]
    const rego = template?.spec.targets?.[0].rego ?? ''
    expect(rego).toMatch(/violation\[\{"msg": msg\}\] \{\s+images\[image\]\s+not verified\[image\]/)
    expect(rego).toMatch(/is_whole \{\s+statuses\[answer.status_code\]\s+answer.system_error == ""\s+\}/)
    expect(rego).toMatch(/^ *statuses := \{0, 200\}$/m)
    expect(Object.keys(VERDICTS)).toContain(/verdict == "(\w+)"/.exec(rego)?.[1])
    expect(constraint?.spec.enforcementAction).toBe('deny')
    expect(textOf('gatekeeper/mutation.yaml')).toMatch(/failurePolicy: Fail$/m)
  })

  test.each(['publish', 'merge', 'rotate'])('the CronJob of keys %s: flags and settings that are there', (name) => {
    const job = KEYS.find(
      ({ kind, metadata }) => kind === 'CronJob' && metadata.name === `prov-keys-${name}`,
    ) as unknown as {
      readonly spec: { readonly jobTemplate: { readonly spec: { readonly template: Template } } }
    }
    const [first, second, ...args] = job.spec.jobTemplate.spec.template.spec.containers[0].args
    expect([first, second]).toEqual(['keys', name])
    expect(flagsOf(args).length).toBeGreaterThan(2)
    expect(flagsOf(args).filter((flag) => !knownFlags('keys', name).includes(flag))).toEqual([])
    expect(settingsOf(args).filter((key) => SETTINGS_TABLE.row(key) === undefined)).toEqual([])
  })

  test('the alert rules: only metrics that there are', () => {
    const { groups } = parse(textOf('kubernetes/alerts.yaml')) as {
      readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[]
    }
    const used = groups.flatMap(({ rules }) => rules.flatMap(({ expr }) => expr.match(/prov_[a-z_]+/g) ?? []))
    expect(used.length).toBeGreaterThan(4)
    expect(used.filter((name) => !Object.hasOwn({ ...WORKER_METRICS, ...KEYS_METRICS }, name))).toEqual([])
  })

  test.each([
    ['prov-worker.service', ['worker']],
    ['prov-serve.service', ['serve']],
    ['prov-truth-backup.service', ['truth', 'backup']],
  ])('%s: flags that are there', (file, path) => {
    const exec = /^ExecStart=(.*)$/m.exec(textOf(`systemd/${file}`))?.[1] ?? ''
    expect(exec).toContain(`prov ${path.join(' ')} `)
    const flags = flagsOf(exec.split(' '))
    expect(flags.length).toBeGreaterThan(0)
    expect(flags.filter((flag) => !knownFlags(...path).includes(flag))).toEqual([])
  })
})

const HAS_SYSTEMD = spawnSync('systemd-analyze', ['--version']).error === undefined

test.skipIf(!HAS_SYSTEMD)('systemd takes the units (left out where systemd-analyze is not to be had)', () => {
  const folder = join(ROOT, 'deploy/systemd')
  for (const unit of [
    'prov-worker.service',
    'prov-serve.service',
    'prov-truth-backup.service',
    'prov-truth-backup.timer',
  ]) {
    const said = execVerify(join(folder, unit))
    // The program is not installed here; everything else has to be right.
    const faults = said
      .split('\n')
      .filter((line) => line.includes('prov-') && !/not executable|No such file/.test(line))
    expect(faults).toEqual([])
  }
})

function execVerify(path: string): string {
  try {
    return execFileSync('systemd-analyze', ['verify', '--man=no', path], {
      stdio: ['ignore', 'pipe', 'pipe'],
    }).toString()
  } catch (thrown) {
    return String((thrown as { readonly stderr?: Buffer }).stderr ?? '')
  }
}
