/**
 * Real servers and tools for the tests. Outside CI what is not installed is left out and listed at the end of the run; with
 * `CI` set it is a failure, so that a green run there has left nothing out.
 */
import { execFileSync } from 'node:child_process'
import { accessSync, appendFileSync, constants } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { describe, it } from 'vitest'

export type ServerName =
  | 'distribution'
  | 'docker-registry'
  | 'distribution-auth'
  | 'cue-oci'
  | 'moto'
  | 'versitygw'
  | 'fake-gcs'
  | 'mongo-java'
  | 'firestore'
  | 'pubsub'
  | 'kafka'
  | 'kube-apiserver'
  | 'postgresql'
  | 'redis'
export type ToolName =
  | 'cosign-v2'
  | 'cosign-v3'
  | 'strace'
  | 'chromium'
  | 'script'
  | 'zsh'
  | 'fish'
  | 'faketime'
  | 'pgbouncer'
  | 'postgres'
  | 'initdb'
  | 'pg_dump'
  | 'psql'
  | 'redis-server'
  | 'nats-server'
  | 'pubsub-emulator'
  | 'fake-gcs-server'

/** Registries that take anonymous writes; the last one has the referrers API. */
export const REGISTRIES = ['distribution', 'docker-registry', 'cue-oci'] as const satisfies readonly ServerName[]

const PROGRAMS: Readonly<Record<ServerName, readonly string[]>> = {
  distribution: ['registry'],
  'docker-registry': ['docker-registry'],
  'distribution-auth': ['registry', 'htpasswd'],
  'cue-oci': ['cue-oci'],
  moto: ['moto_server'],
  versitygw: ['versitygw'],
  'fake-gcs': ['fake-gcs-server'],
  'mongo-java': ['mongo-java', 'java'],
  firestore: ['firestore-emulator', 'java'],
  pubsub: ['pubsub-emulator', 'java'],
  kafka: ['kafka-java', 'java'],
  'kube-apiserver': ['kube-apiserver', 'etcd', 'openssl', 'curl'],
  postgresql: ['postgres', 'initdb'],
  redis: ['redis-server'],
}

/** Where programs, data and logs of the servers live; the same default as in lib.sh. */
export function serversFolder(): string {
  return resolve(process.env['PROV_SERVERS'] ?? join(process.env['HOME'] ?? '.', '.cache/prov-servers'))
}

function find(program: string): string | undefined {
  const folders = [join(serversFolder(), 'bin'), ...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

function start(name: ServerName): Readonly<Record<string, string>> {
  const script = join(import.meta.dirname, 'start.sh')
  const lines = execFileSync(script, [name], { encoding: 'utf8', timeout: 90_000 }).trim().split('\n')
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

/**
 * Starts a server, or finds it running, and returns the lines of start.sh.
 *
 * @example (await server('distribution'))['DISTRIBUTION'] // '127.0.0.1:5600'
 */
export async function server(name: ServerName): Promise<Readonly<Record<string, string>>> {
  return start(name)
}

/**
 * Starts a server and returns its HOST:PORT, as in an image reference.
 *
 * @example registry('cue-oci') // '127.0.0.1:5603'
 */
export function registry(name: ServerName): string {
  const endpoint = start(name)[name.toUpperCase().replaceAll('-', '_')]
  if (endpoint === undefined) throw new Error(`start.sh ${name} printed no endpoint`)
  return endpoint
}

/** @example tool('cosign-v2') // '…/bin/cosign-v2' */
export function tool(name: ToolName): string {
  const path = find(name)
  if (path === undefined) throw new Error(`${name} is not installed: run test/servers/install.sh ${name}`)
  return path
}

/** Servers and tools among `names` that are not installed on this machine. */
export function missing(names: readonly (ServerName | ToolName)[]): readonly string[] {
  return names.filter((name) =>
    (name in PROGRAMS ? PROGRAMS[name as ServerName] : [name]).some((p) => find(p) === undefined),
  )
}

/**
 * A suite that needs servers or tools. `body` runs only where all of them are installed; it starts what it needs with
 * {@link registry} or {@link server}.
 *
 * @example describeWith(['distribution', 'cosign-v2'], 'cosign verifies', () => { const host = registry('distribution') … })
 */
export function describeWith(names: readonly (ServerName | ToolName)[], title: string, body: () => void): void {
  const isQuick = process.env['PROV_TEST_QUICK'] === '1'
  const absent = isQuick ? names : missing(names)
  if (absent.length === 0) {
    describe(title, body)
    return
  }
  const how = `needs ${absent.join(', ')}: run test/servers/install.sh ${absent.join(' ')}`
  if (process.env['CI'] && !isQuick) {
    describe(title, () => {
      it(how, () => {
        throw new Error(how)
      })
    })
    return
  }
  const report = process.env['PROV_TEST_NOT_RUN']
  if (report !== undefined) appendFileSync(report, `${title}: ${how}\n`)
  describe(title, () => {
    // Outside CI only, where not every machine has every server; the run lists it at its end. In CI the same suite fails, just above.
    it.skip(how)
  })
}
