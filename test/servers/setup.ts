/**
 * Once around a whole vitest run: says at the end which suites did not run, and stops the servers that this run started,
 * unless another run on this machine still uses them.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serversFolder } from './endpoints.ts'

const lines = (file: string): readonly string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []

function alive(pid: string): boolean {
  try {
    return process.kill(Number(pid), 0)
  } catch {
    return false
  }
}

export function setup(): () => void {
  const state = mkdtempSync(join(tmpdir(), 'prov-test-'))
  const notRun = join(state, 'not-run')
  const started = join(state, 'started')
  process.env['PROV_TEST_NOT_RUN'] = notRun
  process.env['PROV_STARTED'] = started
  process.env['PROV_TEST_SCRATCH'] = state

  const leases = join(serversFolder(), 'var/leases')
  const lease = join(leases, String(process.pid))
  mkdirSync(leases, { recursive: true })
  writeFileSync(lease, '')

  return () => {
    rmSync(lease, { force: true })
    const others = readdirSync(leases).filter(alive)
    const ours = [...new Set(lines(started))]
    if (ours.length > 0 && others.length === 0) {
      execFileSync(join(import.meta.dirname, 'stop.sh'), ours, { stdio: 'ignore', timeout: 60_000 })
    }
    const left = [...new Set(lines(notRun))].sort()
    if (left.length > 0) {
      console.log(
        process.env['PROV_TEST_QUICK'] === '1'
          ? `\nLEFT OUT, ${left.length} suites that need servers or tools:`
          : `\nNOT RUN, ${left.length} suites, for want of servers or tools (test/servers/install.sh gets them all):`,
      )
      for (const line of left) console.log(`  ${line}`)
    }
    rmSync(state, { recursive: true, force: true })
  }
}
