/** Looks at a backend as the command does, and folders as they are before and after. */
import { createHash, randomBytes } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBackend } from '../../backends/index.ts'
import type { Backend } from '../../src/backend/backend.ts'
import { type BackendJob, type BackendReport, diagnoseBackend } from '../../src/doctor/backend.ts'

export interface Look extends Partial<BackendJob> {
  readonly settings?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

/** @example await lookAt('docdb', { settings: { 'storage.docdb.url': 'sqlite:prov.db' } }) */
export async function lookAt(name: string, { settings = {}, env = {}, ...job }: Look = {}): Promise<BackendReport> {
  const backend = await openBackend(name, {
    setting: (key) => settings[key],
    env,
    now: Date.now,
    random: (size) => randomBytes(size),
    debug: () => {},
  })
  return lookThrough(backend, job).finally(() => backend.close())
}

export function lookThrough(backend: Backend, job: Partial<BackendJob> = {}): Promise<BackendReport> {
  const signal = new AbortController().signal
  const random = (size: number) => randomBytes(size)
  return diagnoseBackend(backend, { readOnly: false, artifacts: [], signal, now: Date.now, random, ...job })
}

/** `check outcome` of each, in order. @example outcomes(report) // ['reach ok', 'read ok', …] */
export function outcomes({ checks }: BackendReport): readonly string[] {
  return checks.map(({ check, outcome }) => `${check} ${outcome}`)
}

/** What all checks of that name say. */
export function detailOf({ checks }: BackendReport, check: string): string {
  return checks.flatMap((one) => (one.check === check ? [one.detail] : [])).join('; ')
}

/** Every file and folder below with its content, times and all that a probe could have changed. */
export function snapshot(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => {
      const path = join(folder, name)
      const facts = lstatSync(path)
      if (!facts.isFile()) return `${name}/`
      const hash = createHash('sha256').update(readFileSync(path)).digest('hex')
      return `${name} ${facts.mtimeMs} ${facts.ino} ${hash}`
    })
}

/** What a store that can do everything comes to, but for the checks that are named. */
export function allOk(but: Readonly<Record<string, string>> = {}): readonly string[] {
  const all = ['reach', 'authenticate', 'read', 'write', 'read-back', 'repeat', 'list', 'replace']
  const checks = [...all, 'conditional-write', 'delete', 'limits', 'clean-up']
  return checks.map((check) => `${check} ${but[check] ?? 'ok'}`)
}
