/** `prov doctor` as a user runs it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CHECKS } from '../../src/backend/diagnosis.ts'
import { script } from '../../src/cli/completion/completion.ts'
import { program } from '../../src/cli/program.ts'
import type { DoctorReport } from '../../src/doctor/doctor.ts'
import type { Io } from '../../src/platform/io.ts'
import { doctorText } from '../../src/report/text/doctor-text.ts'
import { prov } from '../support/cli.ts'
import { startProxy } from '../support/proxy.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { snapshot } from './look.ts'

async function hanging() {
  const server = createServer(() => undefined)
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const jsonOf = (stdout: string) =>
  JSON.parse(stdout) as DoctorReport & { readonly command: string; readonly version: string }

test('keys and backends, all well: exit 0, nothing on stderr, nothing left', async () => {
  const folder = scratch()
  const file = runFixture('kaniko-taskrun.json')
  const set = ['--set', `storage.docdb.url=sqlite:${join(folder, 'x.db')}`, '--set', `storage.gcs.directory=${folder}`]
  const args = ['doctor', '--storage', 'docdb,gcs,tekton', ...set, '--key', PRIVATE_KEY, '--key', PUBLIC_KEY, file]
  const text = await prov(args, { env: { PROV_PASSWORD: PASSWORD } })
  expect(text).toMatchObject({ code: 0, stderr: '' })
  expect(text.stdout).toMatch(/^key .*cosign\.key: ok\n {2}private ECDSA P-256\n {2}key id SHA256:/)
  expect(text.stdout).toMatch(/\ndocdb: ok\n(.*\n)*\ngcs: ok\n(.*\n)*\ntekton: ok\n/)
  expect(text.stdout).toMatch(/\n5 of 5 usable\n$/)
  expect(snapshot(folder)).toEqual([])

  const json = jsonOf((await prov([...args, '--json'], { env: { PROV_PASSWORD: PASSWORD } })).stdout)
  expect(json).toMatchObject({ command: 'doctor', exit: 0 })
  expect(json.backends.map(({ backend }) => backend)).toEqual(['docdb', 'gcs', 'tekton'])
  for (const { checks } of [...json.keys, ...json.backends]) {
    for (const { check, outcome, detail, ms } of checks) {
      expect(CHECKS).toHaveProperty([check])
      expect(['ok', 'degraded', 'failed', 'skipped', 'not_possible']).toContain(outcome)
      expect(detail).not.toBe('')
      expect(ms).toBeGreaterThanOrEqual(0)
    }
  }
})

test('one that fails and one that hangs hold up nobody; the gravest exit wins', async () => {
  const folder = scratch()
  const gone = await startProxy('127.0.0.1:9')
  await gone.close()
  const set = [
    ...['--set', `storage.oci.repository=${gone.endpoint}/acme/app`, '--set', `storage.gcs.directory=${folder}`],
    ...['--set', `storage.archivista.url=http://${await hanging()}`, '--set', 'storage.archivista.timeout=500ms'],
  ]
  const { code, stdout } = await prov(['doctor', '--storage', 'oci,gcs,archivista', ...set, '--json'])
  expect(code).toBe(6)
  const { backends } = jsonOf(stdout)
  expect(backends.map(({ backend, outcome, exit }) => [backend, outcome, exit])).toEqual([
    ['oci', 'failed', 6],
    ['gcs', 'ok', 0],
    ['archivista', 'failed', 6],
  ])
  expect(backends[2]?.checks[0]).toMatchObject({ check: 'reach', error: { code: 'timed_out' } })
})

test('what is configured wrong is 2, and the others are looked at all the same', async () => {
  const set = ['--set', `storage.gcs.directory=${scratch()}`]
  const { code, stdout } = await prov(['doctor', '--storage', 'docdb,gcs', ...set])
  expect(code).toBe(2)
  expect(stdout).toMatch(/^docdb: failed\n {2}FAILED +configuration +config_invalid: storage\.docdb\.url is not set/)
  expect(stdout).toContain('\ngcs: ok\n')
  expect(stdout).toMatch(/\n1 of 2 usable \(exit 2\)\nnext: .+\n$/)
})

test('a key that is no good is 2, without any backend', async () => {
  const wrong = await prov(['doctor', '--key', PRIVATE_KEY], { env: { PROV_PASSWORD: 'pl4nted' } })
  expect(wrong.code).toBe(2)
  expect(wrong.stdout).toMatch(/FAILED +sign +key_password: /)
  expect(wrong.stdout + wrong.stderr).not.toContain('pl4nted')
  expect(await prov(['doctor', '--key', PUBLIC_KEY])).toMatchObject({ code: 0, stderr: '' })
  expect(await prov(['doctor', '--key', PUBLIC_KEY, '--quiet'])).toMatchObject({ code: 0, stdout: '', stderr: '' })
})

test('nothing named is a mistake in the command', async () => {
  const { code, stderr } = await prov(['doctor'])
  expect(code).toBe(2)
  expect(stderr).toContain('no backend was named')
})

test('Ctrl-C ends a backend that hangs at once, with what was found by then: exit 130', async () => {
  const folder = scratch()
  const set = ['--set', `storage.archivista.url=http://${await hanging()}`, '--set', `storage.gcs.directory=${folder}`]
  let began = 0
  const outcome = await prov(['doctor', '--storage', 'gcs,archivista', ...set, '--json'], {
    started: (child) => {
      setTimeout(() => {
        began = performance.now()
        child.kill('SIGINT')
      }, 2500)
    },
  })
  expect(performance.now() - began).toBeLessThan(2000)
  expect(outcome.code).toBe(130)
  const { backends } = jsonOf(outcome.stdout)
  expect(backends[0]).toMatchObject({ backend: 'gcs', outcome: 'ok' })
  expect(backends[1]?.checks[0]?.error?.code).toBe('aborted')
  expect(snapshot(folder)).toEqual([])
})

test('text wraps at 60 columns and says the same as the JSON', async () => {
  const set = ['--set', `storage.oci.layout=${join(scratch(), 'l')}`]
  const { stdout } = await prov(['doctor', '--storage', 'oci,tekton', ...set, '--key', PUBLIC_KEY, '--json'])
  const report = jsonOf(stdout)
  const text = doctorText(report, { width: 60, colour: false })
  const long = text.split('\n').filter((line) => line.length > 60)
  expect(long.filter((line) => line.trim().includes(' ') && !/^ {2}(hint|key id) /.test(line))).toEqual([])
  for (const { backend, checks } of report.backends) {
    expect(text).toContain(`${backend}: `)
    for (const { detail } of checks) expect(text.replace(/\s+/g, ' ')).toContain(detail.replace(/\s+/g, ' '))
  }
  expect(text).toMatch(/\n2 of 3 usable, 1 not tried\n$/)
})

test('completion knows the command, its flags and its backends', () => {
  const made = script(
    'bash',
    program({} as Io, () => undefined),
    { backends: ['tekton', 'oci'], formats: [] },
  )
  expect(made).toMatch(/'doctor'\) words='.*--storage.*--read-only/)
})
